// Shows the progress of a long job: a bar on a terminal, elsewhere a plain line every five seconds
// at most.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "host/core/matrix.hpp"

namespace edgeval {

// Where progress is shown.
struct Display {
  std::ostream* out = nullptr;  // must outlive the job; nothing is shown where it is null
  bool terminal = false;        // whether `out` is a terminal
};

// Removes a bar of progress from the terminal's line.
inline constexpr const char* kClearLine = "\r\033[K";

class Progress {
 public:
  // `item` is the noun for an item, which takes an s for several; `total` is the number of items.
  Progress(std::string item, Index total, Display display);
  ~Progress();
  Progress(const Progress&) = delete;

  void advance(Index count);

 private:
  void show() const;

  const std::string item_;
  const Index total_;
  const Display display_;
  Index done_ = 0;
  std::chrono::steady_clock::time_point start_, shown_;
};

// Returns the seconds that have passed since `start`.
double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace edgeval
