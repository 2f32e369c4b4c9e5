// The arithmetic axis: which numbers the products and cells are computed in. A new choice takes a
// struct and a place in the list here.
//
// Under int16 and int8 (docs/techniques.md, "Integer arithmetic") weights, x and h are fixed-point
// numbers of that many bits, products are summed exactly, z and c have 32 bits, and sigmoid and
// tanh come from integer tables. The results are the same bits on every device and for every batch.
#pragma once

#include <variant>

#include "host/technique/papers.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

struct Fp32 {
  static constexpr const char* kName = "fp32";
  static constexpr const char* kMeaning = "IEEE single precision, the baseline";
  static constexpr int kBits = 32;

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

template <int Bits>
struct Integer {
  static constexpr int kBits = Bits;
  static constexpr int kRecurrentBits = Bits - 1;  // fraction bits of h, which lies in (-1, 1)

  double input_bits = kFromProfile;  // fraction bits of x

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("input_bits", self.input_bits, "fraction bits of a layer's input",
          Bits == 16 ? Origin::kInputBits16 : Origin::kInputBits8);
  }
  const char* problem() const {
    if (from_profile(input_bits)) return nullptr;
    if (!is_whole(input_bits, -40, 40)) return "input_bits must be a whole number from -40 to 40";
    return nullptr;
  }
};

struct Int16 : Integer<16> {
  static constexpr const char* kName = "int16";
  static constexpr const char* kMeaning =
      "16-bit fixed point, exact sums: equal bits everywhere (P1)";
  static constexpr const char* kPaper = kPaperP1;
};

struct Int8 : Integer<8> {
  static constexpr const char* kName = "int8";
  static constexpr const char* kMeaning = "8-bit fixed point, exact sums: equal bits everywhere";
};

// The first is the neutral choice (technique.hpp).
using Arithmetic = std::variant<Fp32, Int16, Int8>;

}  // namespace edgeval
