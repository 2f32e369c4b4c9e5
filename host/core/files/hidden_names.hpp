// The names of what stands beside a file or folder while a new one is made, in the same folder so
// that renaming is enough: ".NAME.edgeval-" and twelve random letters, made anew and never through
// a link; one lock, ".NAME.edgeval-lock"; and ".NAME.edgeval-old", which the old folder is called
// for a moment where two folders cannot be exchanged.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace edgeval {

class HiddenNames {
 public:
  // Of a file or folder whose parent folder may be missing; links are followed.
  explicit HiddenNames(const std::filesystem::path& target);

  const std::filesystem::path& target() const { return target_; }
  std::filesystem::path parent() const { return target_.parent_path(); }
  std::filesystem::path lock() const { return named("lock"); }
  std::filesystem::path old() const { return named("old"); }
  std::filesystem::path random() const;

  // Everything that random() may have named, in this run or an earlier one.
  std::vector<std::filesystem::path> found() const;

  // Makes the folder that the target lies in. `named` is the target as the user wrote it. Throws
  // Error when that cannot be, or nothing can have the target's name.
  void make_parent(const std::filesystem::path& named) const;

 private:
  std::filesystem::path named(const std::string& end) const;

  std::filesystem::path target_;
  std::string prefix_;
};

// Has the names in a folder survive a power cut; a file system that cannot is left alone.
void sync_folder(const std::filesystem::path& folder);

}  // namespace edgeval
