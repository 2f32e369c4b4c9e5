// What the stand-in objects to.
#pragma once

#include <stdexcept>

namespace edgeval::standin {

// A kernel did what CUDA leaves undefined, or waits for ever.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace edgeval::standin
