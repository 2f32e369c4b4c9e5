// Progress of a long job on standard error: a bar on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "host/core/matrix.hpp"

namespace edgeval {

class Progress {
 public:
  // what: "utterances"; total: how many there are. A quiet one prints nothing.
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

// Seconds since `start`.
double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace edgeval
