// Files and folders that must not outlive the process unless it finishes them: temporary files, and
// the lock of a folder. An error removes them as it unwinds the stack; where there is nothing to
// unwind, at Ctrl-C or when memory runs out within a destructor, remove_unfinished() does. Only a
// process that is killed leaves them, for the next one to find.
#pragma once

#include <filesystem>

namespace edgeval {

// Names a file, or a folder that will be empty by then, for as long as this object lives.
class Unfinished {
 public:
  explicit Unfinished(const std::filesystem::path& path);
  Unfinished(const Unfinished&) = delete;
  ~Unfinished();

 private:
  int place_;
};

// While one lives nothing is removed and a signal waits, so that none takes files out of a folder
// that is just being put in its place. Once the process is ending, making one waits for the end.
class RemovalHeld {
 public:
  RemovalHeld();
  RemovalHeld(const RemovalHeld&) = delete;
  ~RemovalHeld();
};

// Removes what is unfinished, the newest first. For the end of the process; may be called by a
// handler of signals.
void remove_unfinished() noexcept;

// Has Ctrl-C, SIGTERM and SIGHUP remove what is unfinished before they end the process as ever.
void remove_unfinished_at_signals();

}  // namespace edgeval
