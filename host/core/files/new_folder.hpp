// A new folder that appears under its name when it is whole, or not at all, whatever fails or is
// killed on the way.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "host/core/files/hidden_names.hpp"
#include "host/core/files/unfinished.hpp"

namespace edgeval {

class NewFolder {
 public:
  // Makes the folder under a hidden name beside its place (HiddenNames), and removes what killed
  // processes have left there. `names` are those of all files that may come into it, such as
  // "journal/1.jsonl", one folder deep at most; folders in it are made. Throws Error when nothing
  // can be made there, or when the place is taken by anything but an empty folder.
  NewFolder(const std::filesystem::path& folder, std::vector<std::string> names);
  NewFolder(const NewFolder&) = delete;
  // Removes the folder unless it was published.
  ~NewFolder();

  // The folder under its hidden name.
  const std::filesystem::path& path() const { return path_; }
  // Gives the folder its name. Its files have been synced to disk before. Throws Error when another
  // process has taken the place meanwhile.
  void publish();

 private:
  void make();
  void remove(const std::filesystem::path& folder) const;
  void remove_dead() const;

  const std::filesystem::path shown_;
  const HiddenNames hidden_;
  const std::vector<std::string> names_;
  std::filesystem::path path_;
  std::deque<Unfinished> unfinished_;
  int lock_ = -1;  // of the folder itself, which tells it from those of killed processes
  bool published_ = false;
};

}  // namespace edgeval
