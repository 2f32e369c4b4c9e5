#include "host/core/memory.hpp"

#include <malloc.h>

namespace edgeval {

void keep_freed_memory() {
  constexpr int kBlock = 256 << 20;
  mallopt(M_MMAP_THRESHOLD, kBlock);
  mallopt(M_TRIM_THRESHOLD, 2 * kBlock - 1);
}

}  // namespace edgeval
