// Instructions of the GPU that C++ does not name, each with a plain body for every other compiler.
#pragma once

#include <bit>
#include <cstdint>

#include "host/numeric/host_device.hpp"

namespace edgeval::gpu {

// Returns a b + c by one instruction. From plain C++ a compiler may widen, before a loop, a factor
// that stays the same, and then multiply 64 bits by 64.
EDGEVAL_HD_ALWAYS std::int64_t multiply_add_wide(std::int32_t a, std::int32_t b, std::int64_t c) {
#ifdef __CUDA_ARCH__
  std::int64_t sum;
  asm("mad.wide.s32 %0, %1, %2, %3;" : "=l"(sum) : "r"(a), "r"(b), "l"(c));
  return sum;
#else
  return static_cast<std::int64_t>(a) * b + c;
#endif
}

// Returns the number of zeros above the highest one; 32 if all bits are 0.
EDGEVAL_HD_ALWAYS int leading_zeros(unsigned bits) {
#ifdef __CUDA_ARCH__
  return __clz(static_cast<int>(bits));
#else
  return std::countl_zero(bits);
#endif
}

EDGEVAL_HD_ALWAYS int count_of_ones(unsigned bits) {
#ifdef __CUDA_ARCH__
  return __popc(bits);
#else
  return std::popcount(bits);
#endif
}

}  // namespace edgeval::gpu
