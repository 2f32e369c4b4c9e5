// The numbers of plain LSTM cells in the kernel of a step, which takes four neighbouring cells at
// once and turns four sums of each product and four biases into pre-activations. In integers these
// are the numbers of host/body/numbers.hpp for layers where no pre-activation can leave 32 bits
// (largest_sum): 8 bits then need 32-bit arithmetic alone, and 16 bits need no saturation. Shifts
// to the common scale are products with powers of two, which take one instruction together with
// their sum. This is plain C++, so that it can be tested without a GPU.
#pragma once

#include "cuda/device/four.hpp"
#include "cuda/device/ptx.hpp"
#include "host/body/numbers.hpp"
#include "host/numeric/activation_pairs.hpp"

namespace edgeval::gpu {

struct FloatStepNumbers : FloatNumbers {
  // Returns four pre-activations, from row `at` of the sums on.
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> preactivations(Access access, const float* wx, const float* uh,
                                               int at) const {
    const Four<float> x = access.load(wx + at), h = access.load(uh + at),
                      b = access.load(bias + at);
    Four<State> z;
    for (int i = 0; i < kFour; ++i) z[i] = (x[i] + h[i]) + b[i];
    return z;
  }
  // Returns four outputs of a linear layer, W x + b.
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> input_parts(Access access, const float* wx, int at) const {
    const Four<float> x = access.load(wx + at), b = access.load(bias + at);
    Four<State> z;
    for (int i = 0; i < kFour; ++i) z[i] = x[i] + b[i];
    return z;
  }
};

struct ByteStepNumbers : FixedNumbers<std::int32_t> {
  const ActivationPair* pairs;       // what `tables` are, in the kernel's layout
  const std::uint32_t* narrow_bias;  // the lower halves of `bias`
  std::uint32_t unit_x, unit_h;      // 2^up_x, 2^up_h

  // Parts of a sum may wrap around, but the whole sum equals that of 64 bits.
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> preactivations(Access access, const std::int32_t* wx,
                                               const std::int32_t* uh, int at) const {
    const Four<std::int32_t> x = access.load(wx + at), h = access.load(uh + at);
    const Four<std::uint32_t> b = access.load(narrow_bias + at);
    Four<State> z;
    for (int i = 0; i < kFour; ++i) {
      const std::uint32_t sum = static_cast<std::uint32_t>(x[i]) * unit_x +
                                (static_cast<std::uint32_t>(h[i]) * unit_h + b[i]);
      z[i] = round_shift_narrow(static_cast<std::int32_t>(sum), sum_bits - kStateBits);
    }
    return z;
  }

  // Returns four pre-activations from sums that both products share: those with the greater unit
  // were added first and then shifted up to the smaller one. They may have wrapped around, too.
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> preactivations(Access access, const Four<std::int32_t> (&shared)[1],
                                               int at) const {
    const std::uint32_t unit = unit_x < unit_h ? unit_x : unit_h;
    const Four<std::uint32_t> b = access.load(narrow_bias + at);
    Four<State> z;
    for (int i = 0; i < kFour; ++i) {
      const std::uint32_t sum = static_cast<std::uint32_t>(shared[0][i]) * unit + b[i];
      z[i] = round_shift_narrow(static_cast<std::int32_t>(sum), sum_bits - kStateBits);
    }
    return z;
  }
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> input_parts(Access access, const std::int32_t* wx, int at) const {
    const Four<std::int32_t> x = access.load(wx + at);
    const Four<std::uint32_t> b = access.load(narrow_bias + at);
    Four<State> z;
    for (int i = 0; i < kFour; ++i) {
      const std::uint32_t sum = static_cast<std::uint32_t>(x[i]) * unit_x + b[i];
      z[i] = round_shift_narrow(static_cast<std::int32_t>(sum), sum_bits - kStateBits);
    }
    return z;
  }
};

struct WordStepNumbers : FixedNumbers<std::int64_t> {
  const ActivationPair* pairs;
  // 2^(16 + up), 2^(8 + up) and 2^up: the units of the sums of two upper digits, of an upper and a
  // lower one, and of two lower ones. up is at most 14.
  std::int32_t unit_x[3], unit_h[3];

  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> preactivations(Access access, const DigitSums& wx,
                                               const DigitSums& uh, int at) const {
    Four<std::int64_t> sum = access.load(bias + at);
    add(access, wx, unit_x, at, sum);
    add(access, uh, unit_h, at, sum);
    return rounded(sum);
  }
  // Returns four pre-activations from the three sums of digits that both products share, as in 8
  // bits; these have not wrapped around.
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> preactivations(Access access, const Four<std::int32_t> (&shared)[3],
                                               int at) const {
    const bool x_is_finer = unit_x[2] < unit_h[2];
    Four<std::int64_t> sum = access.load(bias + at);
    for (int i = 0; i < kFour; ++i)
      for (int d = 0; d < 3; ++d)
        sum[i] = multiply_add_wide(shared[d][i], x_is_finer ? unit_x[d] : unit_h[d], sum[i]);
    return rounded(sum);
  }
  template <class Access>
  EDGEVAL_HD_ALWAYS Four<State> input_parts(Access access, const DigitSums& wx, int at) const {
    Four<std::int64_t> sum = access.load(bias + at);
    add(access, wx, unit_x, at, sum);
    return rounded(sum);
  }

 private:
  EDGEVAL_HD_ALWAYS Four<State> rounded(const Four<std::int64_t>& sum) const {
    Four<State> z;
    for (int i = 0; i < kFour; ++i)
      z[i] = static_cast<State>(round_shift(sum[i], sum_bits - kStateBits));
    return z;
  }
  template <class Access>
  static EDGEVAL_HD_ALWAYS void add(Access access, const DigitSums& digits,
                                    const std::int32_t (&unit)[3], int at,
                                    Four<std::int64_t>& sum) {
    const auto add_one = [&](const std::int32_t* from, std::int32_t times) {
      const Four<std::int32_t> four = access.load(from + at);
      for (int i = 0; i < kFour; ++i) sum[i] = multiply_add_wide(four[i], times, sum[i]);
    };
    add_one(digits.upper, unit[0]);
    add_one(digits.upper + digits.outputs, unit[1]);
    add_one(digits.lower, unit[1]);
    add_one(digits.lower + digits.outputs, unit[2]);
  }
};

// Returns `numbers` in the form of the kernel of a step. narrow_bias: the lower halves of its bias,
// for 8 bits only.
inline FloatStepNumbers step_numbers(const FloatNumbers& numbers, const ActivationPair*,
                                     const std::uint32_t*) {
  return {numbers};
}
inline ByteStepNumbers step_numbers(const FixedNumbers<std::int32_t>& numbers,
                                    const ActivationPair* pairs, const std::uint32_t* narrow_bias) {
  return {numbers, pairs, narrow_bias, 1U << numbers.up_x, 1U << numbers.up_h};
}
inline WordStepNumbers step_numbers(const FixedNumbers<std::int64_t>& numbers,
                                    const ActivationPair* pairs, const std::uint32_t*) {
  const int x = numbers.up_x, h = numbers.up_h;
  return {
      numbers, pairs, {1 << (16 + x), 1 << (8 + x), 1 << x}, {1 << (16 + h), 1 << (8 + h), 1 << h}};
}

}  // namespace edgeval::gpu
