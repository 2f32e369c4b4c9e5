// Loads and stores four elements at once. A thread of the step's kernels works on four neighbouring
// cells, which it reads and writes as up to 16 bytes where rows allow it, and one by one elsewhere.
// This is plain C++, so that it can be tested without a GPU.
#pragma once

#include "cuda/device/digits.hpp"

namespace edgeval::gpu {

inline constexpr int kFour = 4;

template <class T>
struct alignas(sizeof(T) < 4 ? 4 * sizeof(T) : 16) Four {
  T at[kFour];
  EDGEVAL_HD_ALWAYS T& operator[](int i) { return at[i]; }
  EDGEVAL_HD_ALWAYS const T& operator[](int i) const { return at[i]; }
};

// Returns neighbouring elements as one V, which holds some of them side by side, so that they are
// read or written in one access of up to 16 bytes. `first` must be aligned as V is.
template <class V, class T>
EDGEVAL_HD_ALWAYS V& together(T* first) {
  return *reinterpret_cast<V*>(first);
}

// Together accesses four elements from `first` on at once. OneByOne accesses the first `count` of
// them alone; the others read as zeros and are not written.
struct Together {
  EDGEVAL_HD_ALWAYS bool has(int) const { return true; }
  template <class T>
  EDGEVAL_HD_ALWAYS Four<T> load(const T* first) const {
    return together<const Four<T>>(first);
  }
  template <class T>
  EDGEVAL_HD_ALWAYS void store(T* first, const Four<T>& four) const {
    together<Four<T>>(first) = four;
  }
};

struct OneByOne {
  int count;
  EDGEVAL_HD_ALWAYS bool has(int i) const { return i < count; }
  template <class T>
  EDGEVAL_HD_ALWAYS Four<T> load(const T* first) const {
    Four<T> four{};
    EDGEVAL_UNROLL
    for (int i = 0; i < kFour; ++i)
      if (i < count) four[i] = first[i];
    return four;
  }
  template <class T>
  EDGEVAL_HD_ALWAYS void store(T* first, const Four<T>& four) const {
    EDGEVAL_UNROLL
    for (int i = 0; i < kFour; ++i)
      if (i < count) first[i] = four[i];
  }
};

// Calls visit(access, at) for every four of `count` elements that belong to thread number `thread`
// of `threads`, which share them. aligned: whether four of them can be loaded together.
template <class Visit>
EDGEVAL_HD_ALWAYS void for_fours(unsigned thread, unsigned threads, int count, bool aligned,
                                 Visit visit) {
  for (int at = kFour * static_cast<int>(thread); at < count;
       at += kFour * static_cast<int>(threads)) {
    const int left = count - at;
    if (aligned && left >= kFour)
      visit(Together{}, at);
    else
      visit(OneByOne{left < kFour ? left : kFour}, at);
  }
}

// Returns whether rows of elements of at least a byte start where four of them can be loaded
// together.
inline bool starts_aligned(const void* data, Index stride) {
  return reinterpret_cast<std::uintptr_t>(data) % 16 == 0 && stride % kFour == 0;
}
template <class Rows>
bool starts_aligned(const Rows& rows) {
  return starts_aligned(rows.data.memory(), rows.stride);
}

// Returns a row of operands from element i on.
EDGEVAL_HD_ALWAYS float* from(float* target, Index i) { return target + i; }
template <int Digits>
EDGEVAL_HD_ALWAYS DigitTarget<Digits> from(const DigitTarget<Digits>& target, Index i) {
  return {target.digits + i, target.stride, target.scale};
}

// Stores four operands as floats or as digits.
template <class Access>
EDGEVAL_HD_ALWAYS void store_operands(Access access, float* target, const Four<float>& values) {
  access.store(target, values);
}
template <class Access, int Digits>
EDGEVAL_HD_ALWAYS void store_operands(Access access, const DigitTarget<Digits>& target,
                                      const Four<float>& values) {
  Four<std::int8_t> upper, lower;
  for (int i = 0; i < kFour; ++i) {
    const auto x = static_cast<std::int32_t>(values[i] * target.scale);
    upper[i] = Digits == 1 ? static_cast<std::int8_t>(x) : upper_digit(x);
    lower[i] = lower_digit(x);
  }
  access.store(target.digits, upper);
  if (Digits == 2) access.store(target.digits + target.stride, lower);
}

}  // namespace edgeval::gpu
