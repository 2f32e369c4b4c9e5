// CUB's scan, as edgeval calls it. It asks for scratch memory and writes it, as CUB does.
#pragma once

#include "tests/standin/cub.hpp"

namespace cub {

struct DeviceScan {
  // Sets to[i] = from[0] + ... + from[i - 1].
  template <class From, class To>
  static cudaError_t ExclusiveSum(void* scratch, std::size_t& bytes, From from, To to,
                                  std::int64_t count, cudaStream_t stream) {
    using namespace edgeval::standin;
    return library_call(scratch, bytes, scan_bytes(count), stream, [=] {
      std::remove_cvref_t<decltype(*to)> sum = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        const auto next = from[i];  // `from` and `to` may be the same memory
        to[i] = sum;
        sum += next;
      }
    });
  }
};

}  // namespace cub
