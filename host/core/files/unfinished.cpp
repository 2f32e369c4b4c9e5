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

// A signal handler may not allocate or lock, so the paths stand in a table of fixed size.
constexpr int kPlaces = 16;
std::atomic<char*> places[kPlaces];
std::atomic<int> holding{0};
std::atomic<bool> ending{false};
std::atomic<int> waiting{0};  // the signal with which the last RemovalHeld ends the process

std::atomic<const char*> said{nullptr};

void end_by(int number) {
  if (const char* text = said.exchange(nullptr); text != nullptr) [[maybe_unused]]
    const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
  remove_unfinished();
  std::signal(number, SIG_DFL);
  std::raise(number);  // within a handler of this signal, it takes effect when the handler returns
}

// Sets `waiting`, then reads `holding`; ~RemovalHeld lowers `holding`, then reads `waiting`.
// Whichever comes second therefore sees what the first has set.
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
  if (place_ < 0) std::free(copy);  // the table is full: a later process has to remove the file
}

Unfinished::~Unfinished() {
  if (place_ >= 0) std::free(places[place_].exchange(nullptr));
}

// Raises `holding`, then reads `ending`; remove_unfinished sets `ending`, then reads `holding`.
// Whichever comes second therefore sees what the first has set.
RemovalHeld::RemovalHeld() {
  ++holding;
  while (ending) ::pause();
}

RemovalHeld::~RemovalHeld() {
  if (--holding == 0 && waiting != 0) end_by(waiting);
}

SaidAtSignals::SaidAtSignals(const char* text) { said = text; }

SaidAtSignals::~SaidAtSignals() { said = nullptr; }

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
    // A signal that the parent program had ignored for this one stays ignored.
    if (std::signal(number, end_by_signal) == SIG_IGN) std::signal(number, SIG_IGN);
  }
}

}  // namespace edgeval
