// Integer products on the GPU are products of signed bytes, which tensor cores sum exactly in 32
// bits. An 8-bit element is its own digit. A 16-bit x is cut into two, over its whole range,
//   x = 256 a + b + 128,   a = floor(x / 256),   b = x mod 256 - 128,   both in [-128, 127],
// a 16-bit w as on the CPU (fixed_product.hpp), w = 256 u + v, so that
//   x w = 65536 a u + 256 (a v + b u) + b v + 128 w.
// What 128 w adds depends on no input and joins the bias. A sum of 65,536 terms, the most allowed,
// stays within 2^30. Plain C++, so that it can be tested without a GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/device/elements.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::gpu {

inline constexpr int kLowDigitOffset = 128;

constexpr Index padded_to(Index count, Index multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

// Rows of operands or of sums in device memory; the strides are those of ProductShape. Sums that a
// selection has chosen may have 64 bits, too.
struct OperandRows {
  Elements<float, std::int8_t> data;
  Index stride = 0;
  bool operator==(const OperandRows&) const = default;
};
struct SumRows {
  Elements<float, std::int32_t, std::int64_t> data;
  Index stride = 0;
  bool operator==(const SumRows&) const = default;
};

// The shape of one product Y = X W^T as the device makes it, for W [outputs, inputs].
//   fp32   X floats [rows, inputs]        W floats [outputs, inputs]     Y floats [rows, outputs]
//   int8   X bytes  [rows, inputs]        W bytes  [outputs, inputs]     Y int32 [rows, outputs]
//   int16  X bytes  [2 rows, inputs]      W bytes  [2 outputs, inputs]   Y int32
//          a row's a, then its b          all u, then all v              [2 rows, 2 outputs]
// Tensor cores need rows of a multiple of 16 bytes and a multiple of 4 outputs. Both numbers are
// padded to multiples of 16, W with zeros, so that X's padding adds nothing.
struct ProductShape {
  Index inputs, outputs;
  int bits;  // 32, 16 or 8

  constexpr bool floats() const { return bits == 32; }
  constexpr Index digits() const { return bits == 16 ? 2 : 1; }  // product rows of one row of X
  constexpr Index terms() const { return floats() ? inputs : padded_to(inputs, 16); }
  constexpr Index width() const { return floats() ? outputs : padded_to(digits() * outputs, 16); }
  // Return the number of elements from one product row to the next.
  constexpr Index operand_stride() const { return padded_to(inputs, floats() ? 4 : 16); }
  constexpr Index sum_stride() const { return padded_to(width(), 4); }
  // Return the number of bytes that one row of X takes, as operands and as sums.
  constexpr Index operand_bytes() const {
    return digits() * operand_stride() * (floats() ? Index{sizeof(float)} : 1);
  }
  constexpr Index sum_bytes() const { return digits() * sum_stride() * Index{sizeof(float)}; }
  // Return the rows from a product row on.
  OperandRows from(OperandRows x, Index row) const {
    const Index first = row * x.stride;
    if (floats()) return {x.data.as<float>() + first, x.stride};
    return {x.data.as<std::int8_t>() + first, x.stride};
  }
  SumRows from(SumRows y, Index row) const {
    const Index first = row * y.stride;
    if (floats()) return {y.data.as<float>() + first, y.stride};
    return {y.data.as<std::int32_t>() + first, y.stride};
  }
};

// Return the digits a and b of a 16-bit x.
EDGEVAL_HD std::int8_t upper_digit(std::int32_t x) { return static_cast<std::int8_t>(x >> 8); }
EDGEVAL_HD std::int8_t lower_digit(std::int32_t x) {
  return static_cast<std::int8_t>((x & 255) - kLowDigitOffset);
}

// Cut x of more than 16 bits into lower + 65536 upper, both of 16 bits.
EDGEVAL_HD std::int32_t lower_word(std::int32_t x) { return ((x + 32768) & 65535) - 32768; }
EDGEVAL_HD std::int32_t upper_word(std::int32_t x) { return (x - lower_word(x)) / 65536; }

// One row of X in integers. operand[i] = value writes the digits of the integer value * scale.
template <int Digits>
struct DigitTarget {
  std::int8_t* digits;  // the digit of element 0; for 16 bits the upper one
  Index stride;         // from an upper digit to the lower one
  float scale;          // 2^fraction_bits

  struct Element {
    DigitTarget row;
    Index at;
    EDGEVAL_HD void operator=(float value) const {
      const auto x = static_cast<std::int32_t>(value * row.scale);
      if constexpr (Digits == 1) {
        row.digits[at] = static_cast<std::int8_t>(x);
      } else {
        row.digits[at] = upper_digit(x);
        row.digits[at + row.stride] = lower_digit(x);
      }
    }
  };
  EDGEVAL_HD Element operator[](Index i) const { return {*this, i}; }
};

// One row of sums of a 16-bit product, which are put together when they are read. The bias adds
// what 128 w contributes.
struct DigitSums {
  const std::int32_t* upper;  // [2 outputs] a u, a v
  const std::int32_t* lower;  // [2 outputs] b u, b v
  Index outputs;

  EDGEVAL_HD std::int64_t operator[](Index at) const {
    const std::int64_t middle = static_cast<std::int64_t>(upper[at + outputs]) + lower[at];
    return (static_cast<std::int64_t>(upper[at]) << 16) + (middle << 8) + lower[at + outputs];
  }
};

}  // namespace edgeval::gpu
