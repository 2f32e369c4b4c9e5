// An observer that gathers figures of whole runs.
#pragma once

#include <functional>

#include "host/engine/engine.hpp"

namespace edgeval {

class Collector : public LayerObserver {
 public:
  // Gathers what `run` shows this observer; when it throws, for instance for want of memory,
  // nothing of it.
  virtual void add(const std::function<void()>& run) = 0;
};

}  // namespace edgeval
