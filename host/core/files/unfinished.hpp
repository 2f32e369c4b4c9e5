// Files and folders that must not outlive the process unless it finishes them: temporary files, and
// the lock of a folder. When an error unwinds the stack, destructors remove them; where no stack is
// unwound, at Ctrl-C or when memory runs out within a destructor, remove_unfinished() does. Only a
// process that is killed leaves them behind, for the next one to find.
#pragma once

#include <filesystem>

namespace edgeval {

// Marks a file, or a folder that will be empty by then, for removal as long as this object lives.
class Unfinished {
 public:
  explicit Unfinished(const std::filesystem::path& path);
  Unfinished(const Unfinished&) = delete;
  ~Unfinished();

 private:
  int place_;
};

// While an object of this class lives, nothing is removed and a signal waits, so that no file is
// taken out of a folder that is just being put in its place. Once the process is ending, the
// constructor waits for the end.
class RemovalHeld {
 public:
  RemovalHeld();
  RemovalHeld(const RemovalHeld&) = delete;
  ~RemovalHeld();
};

// While an object of this class lives, Ctrl-C, SIGTERM and SIGHUP print this text on standard error
// before they end the process. There may be one object at a time; the text must outlive it.
class SaidAtSignals {
 public:
  explicit SaidAtSignals(const char* text);
  SaidAtSignals(const SaidAtSignals&) = delete;
  ~SaidAtSignals();
};

// Removes everything unfinished, the newest first, at the end of the process. A signal handler may
// call it.
void remove_unfinished() noexcept;

// Has Ctrl-C, SIGTERM and SIGHUP remove everything unfinished before they end the process as usual.
void remove_unfinished_at_signals();

}  // namespace edgeval
