// A file to which lines are added, by one process at a time, and a lock of the folder in which
// processes make such files. What was added stays when the process is killed, up to the last write.
#pragma once

#include <filesystem>
#include <string_view>

namespace edgeval {

// Makes a folder when it is missing and locks it until this object ends; waits for another process
// that holds the lock. Where the file system has no locks, there is none.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int descriptor_;
};

class AppendFile {
 public:
  // Opens the file, or makes it with its folders, and locks it until this object ends. Throws Error
  // when it cannot be opened or when another process holds the lock.
  explicit AppendFile(const std::filesystem::path& path);
  AppendFile(const AppendFile&) = delete;
  ~AppendFile();

  // Cuts the file at this number of bytes.
  void cut(std::uint64_t bytes);
  // Adds the text behind everything else. Throws std::runtime_error when the disk fails or is full;
  // then a part of the text may be in the file.
  void append(std::string_view text);
  // Has the system write to the disk what was added.
  void sync();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace edgeval
