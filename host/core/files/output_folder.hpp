// A folder whose files belong together: they replace those of an earlier run all at once or not at
// all, whatever fails or is killed on the way, and no second run writes the same folder meanwhile.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/files/hidden_names.hpp"
#include "host/core/files/unfinished.hpp"

namespace edgeval {

// Throws Error when the folder can never be replaced as a whole: it is the current folder, a mount
// point or a file, or may not be written. A missing folder can be replaced.
void expect_replaceable(const std::filesystem::path& folder);

class OutputFolder {
 public:
  // Locks the place, with a file beside the folder, until this object ends; removes what a killed
  // run has left there, and tries whether a folder can be made. `names` are those of all files that
  // may be in the folder. Throws Error when another run holds the lock, when nothing can be made
  // beside the folder, or when it can never be replaced (expect_replaceable).
  OutputFolder(const std::filesystem::path& folder, std::vector<std::string> names);
  OutputFolder(const OutputFolder&) = delete;
  ~OutputFolder();

  // Writes the files, given by name and text, into a new folder, syncs it to disk and puts it in
  // the place of the old one: by one exchange (renameat2), or, where the file system has none, by
  // two renames, which the next run into the folder repairs if this run is killed between them.
  // Files of other names that have come into the old folder meanwhile are kept. Throws
  // std::runtime_error when the disk fails or is full; then the old folder is as it was.
  void publish(const std::vector<std::pair<std::string, std::string>>& files);

 private:
  // Throws with the meaning of an error number of the system.
  [[noreturn]] void refuse(int number) const;
  void lock();
  void unlock();
  void repair() const;
  void try_to_replace() const;
  void swap(const std::filesystem::path& made) const;
  void remove(const std::filesystem::path& folder) const;
  void keep_strangers(const std::filesystem::path& old) const;

  std::filesystem::path shown_;
  HiddenNames hidden_;
  std::filesystem::path lock_path_;  // kept, as a destructor may find no memory for a path
  std::vector<std::string> names_;
  int lock_ = -1;
  std::optional<Unfinished> unfinished_;
};

}  // namespace edgeval
