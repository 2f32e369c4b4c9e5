// The names of the files that stand beside a file or folder while a new one is made. They lie in
// the same folder, so that renaming them is enough. ".NAME.edgeval-" and twelve random letters
// names what is being made, which is created anew and never through a link; ".NAME.edgeval-lock"
// names a lock; the old folder is called ".NAME.edgeval-old" for a moment where two folders cannot
// be exchanged.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace edgeval {

class HiddenNames {
 public:
  // Takes a file or folder, whose parent folder may be missing. Links are followed.
  explicit HiddenNames(const std::filesystem::path& target);

  const std::filesystem::path& target() const { return target_; }
  std::filesystem::path parent() const { return target_.parent_path(); }
  std::filesystem::path lock() const { return named("lock"); }
  std::filesystem::path old() const { return named("old"); }
  std::filesystem::path random() const;

  // Every path that random() may have named, in this run or an earlier one.
  std::vector<std::filesystem::path> found() const;

  // Makes the folder that the target lies in. `named` is the target as the user wrote it. Throws
  // Error when the folder cannot be made, or when nothing can have the target's name.
  void make_parent(const std::filesystem::path& named) const;

 private:
  std::filesystem::path named(const std::string& end) const;

  std::filesystem::path target_;
  std::string prefix_;
};

// Makes the names in a folder survive a power cut. A file system that cannot do that is left alone.
void sync_folder(const std::filesystem::path& folder);

}  // namespace edgeval
