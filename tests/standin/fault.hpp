// The exception that the stand-in throws.
#pragma once

#include <stdexcept>

namespace edgeval::standin {

// Is thrown when a kernel does what CUDA leaves undefined, or would wait for ever.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace edgeval::standin
