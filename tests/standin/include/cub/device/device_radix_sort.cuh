// CUB's radix sort, as edgeval calls it. It is stable and sorts by all bits of the keys.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/standin/cub.hpp"

namespace cub {

struct DeviceRadixSort {
  template <class Key, class Value>
  static cudaError_t SortPairsDescending(void* scratch, std::size_t& bytes, const Key* keys,
                                         Key* sorted_keys, const Value* values,
                                         Value* sorted_values, int count, int first_bit,
                                         int end_bit, cudaStream_t stream) {
    using namespace edgeval::standin;
    static_assert(sizeof(Key) == 4, "whole keys");
    const bool whole = first_bit == 0 && end_bit == 32;
    return library_call(scratch, bytes, sort_bytes(count), stream, [=] {
      if (!whole) return;
      std::vector<int> order(static_cast<std::size_t>(count));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return keys[a] > keys[b]; });
      for (int i = 0; i < count; ++i) {
        sorted_keys[i] = keys[order[static_cast<std::size_t>(i)]];
        sorted_values[i] = values[order[static_cast<std::size_t>(i)]];
      }
    });
  }
};

}  // namespace cub
