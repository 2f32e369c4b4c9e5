// A collector is an observer that gathers figures from whole runs of an engine: a profile, or what
// a similarity score tells.
#pragma once

#include <functional>

#include "host/engine/engine.hpp"

namespace edgeval {

class Collector : public LayerObserver {
 public:
  // Calls `run`, which shows this observer the layers' inputs and outputs, and gathers their
  // figures. When `run` throws, for instance for lack of memory, nothing of that run is kept.
  virtual void add(const std::function<void()>& run) = 0;
};

}  // namespace edgeval
