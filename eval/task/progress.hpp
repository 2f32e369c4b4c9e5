// Shows the progress of a long job on standard error: a bar where that is a terminal, else a plain
// line every five seconds at most.
#pragma once

#include <chrono>
#include <string>

#include "host/core/matrix.hpp"

namespace edgeval {

class Progress {
 public:
  // `what` names the items that are counted, such as "utterances"; `total` is their number. With
  // `quiet` nothing is printed.
  Progress(std::string what, Index total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;

  void advance(Index count);

 private:
  void print() const;

  const std::string what_;
  const Index total_;
  const bool quiet_, terminal_;
  Index done_ = 0;
  std::chrono::steady_clock::time_point start_, printed_;
};

// Returns the seconds that have passed since `start`.
double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace edgeval
