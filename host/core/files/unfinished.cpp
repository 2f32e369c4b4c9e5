#include "host/core/files/unfinished.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

namespace edgeval {
namespace {

// A handler of signals may not allocate or lock, so the paths stand in a table of fixed size.
constexpr int kPlaces = 16;
std::atomic<char*> places[kPlaces];
std::atomic<int> holding{0};
std::atomic<bool> ending{false};
std::atomic<int> waiting{0};  // the signal that the last RemovalHeld ends the process by

void end_by(int number) {
  remove_unfinished();
  std::signal(number, SIG_DFL);
  std::raise(number);  // in a handler of it: once that has returned
}

// Of this and ~RemovalHeld, whichever comes second sees what the first has set.
void end_by_signal(int number) {
  const int before = errno;
  waiting = number;
  if (holding == 0) end_by(number);
  errno = before;
}

}  // namespace

Unfinished::Unfinished(const std::filesystem::path& path) : place_(-1) {
  char* copy = ::strdup(path.c_str());
  if (copy == nullptr) throw std::bad_alloc();
  for (int i = 0; i < kPlaces && place_ < 0; ++i) {
    char* none = nullptr;
    if (places[i].compare_exchange_strong(none, copy)) place_ = i;
  }
  if (place_ < 0) std::free(copy);  // one too many is left to the next process
}

Unfinished::~Unfinished() {
  if (place_ >= 0) std::free(places[place_].exchange(nullptr));
}

// Of this and remove_unfinished, whichever comes second sees what the first has set.
RemovalHeld::RemovalHeld() {
  ++holding;
  while (ending) ::pause();
}

RemovalHeld::~RemovalHeld() {
  if (--holding == 0 && waiting != 0) end_by(waiting);
}

void remove_unfinished() noexcept {
  ending = true;
  if (holding > 0) return;
  for (int i = kPlaces - 1; i >= 0; --i) {
    const char* path = places[i];
    if (path != nullptr && ::unlink(path) != 0) ::rmdir(path);
  }
}

void remove_unfinished_at_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // What the program that started this one has them ignore stays ignored.
    if (std::signal(number, end_by_signal) == SIG_IGN) std::signal(number, SIG_IGN);
  }
}

}  // namespace edgeval
