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

// Throws Error when the folder can never be replaced as a whole: it is the current one, a mount
// point, a file, or may not be written. One that is missing can.
void expect_replaceable(const std::filesystem::path& folder);

class OutputFolder {
 public:
  // Locks the place until the end, with a file beside the folder; removes what a killed run had
  // left there, and tries that a folder can be made. `names` are those of all files that may be in
  // it. Throws Error when another run holds the lock, nothing can be made beside the folder, or it
  // can never be replaced, as expect_replaceable() says.
  OutputFolder(const std::filesystem::path& folder, std::vector<std::string> names);
  OutputFolder(const OutputFolder&) = delete;
  ~OutputFolder();

  // Writes the files, by name and text, into a new folder, syncs it to disk and puts it in the
  // place of the old one: by one exchange (renameat2), or, where the file system has none, by two
  // renames, which the next run into the folder repairs if this one is killed between them. Files
  // of other names that came into the old folder meanwhile are kept. Throws std::runtime_error when
  // the disk fails or is full; then the old folder is as it was.
  void publish(const std::vector<std::pair<std::string, std::string>>& files);

 private:
  [[noreturn]] void refuse(int number) const;  // with what the number of the system means
  void lock();
  void unlock();
  void repair() const;
  void try_to_replace() const;
  void swap(const std::filesystem::path& made) const;
  void remove(const std::filesystem::path& folder) const;
  void keep_strangers(const std::filesystem::path& old) const;

  std::filesystem::path shown_;
  HiddenNames hidden_;
  std::filesystem::path lock_path_;  // kept, as a destructor may find no memory to name it
  std::vector<std::string> names_;
  int lock_ = -1;
  std::optional<Unfinished> unfinished_;
};

}  // namespace edgeval
