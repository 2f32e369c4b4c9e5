// Weights: fixed point Q(m, f) with m integer and f fraction bits (Rezk et al. 2020, section IV-A1,
// "fixed-point quantization"). Two conventions are in use: the sign is one of the m bits (m + f
// bits in all), or is an extra bit (m + f + 1).
#pragma once

#include "host/numeric/quantizers.hpp"
#include "host/numeric/random.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

enum class SignBit : std::uint8_t { kInIntegerBits, kExtra };
constexpr std::array<std::string_view, 2> names(SignBit) { return {"in_integer_bits", "extra"}; }
enum class CodeSet : std::uint8_t { kFull, kSymmetric };
constexpr std::array<std::string_view, 2> names(CodeSet) { return {"full", "symmetric"}; }

struct FixedPoint {
  static constexpr const char* kName = "fixed_point";
  static constexpr const char* kMeaning = "fixed point of a few bits, saturating (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double bits = 8;
  double integer_bits = kFromProfile;  // m; where it is left open, it is fitted to each matrix
  SignBit sign = SignBit::kInIntegerBits;
  CodeSet codes = CodeSet::kFull;
  Rounding rounding = Rounding::kHalfUp;
  double seed = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("bits", self.bits, "bits of one weight, the sign included");
    visit("integer_bits", self.integer_bits,
          "m of Q(m, f); left out: the fewest that saturate no weight of a matrix");
    visit("sign", self.sign, "the sign is one of the integer_bits, or extra");
    visit("codes", self.codes, "full two's complement, or symmetric: without its least code");
    visit("rounding", self.rounding, "half_up, half_even, floor, or stochastic");
    visit("seed", self.seed, "seed of stochastic rounding");
  }

  const char* problem() const {
    if (!is_whole(bits, 2, 24)) return "bits must be a whole number from 2 to 24";
    if (!from_profile(integer_bits) && !is_whole(integer_bits, -100, 100))
      return "integer_bits must be a whole number from -100 to 100";
    if (!is_whole(seed, 0, 1e15)) return "seed must be a whole number from 0 to 1e15";
    return nullptr;
  }

  FixedPointFormat format(std::span<const float> values) const {
    const int width = static_cast<int>(bits);
    const int fraction_bits =
        from_profile(integer_bits)
            ? fitting_fraction_bits(greatest_magnitude(values), width)
            : width - static_cast<int>(integer_bits) - (sign == SignBit::kExtra ? 1 : 0);
    return {width, fraction_bits, codes == CodeSet::kSymmetric};
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(
        matrices, [&](const WeightMatrix& matrix, std::size_t number) -> StoredMatrix {
          const FixedPointFormat format = this->format(matrix.values);
          SplitMix64 random = random_stream(static_cast<std::uint64_t>(seed), number);
          for (float& value : matrix.values)
            value = static_cast<float>(
                format.quantize(static_cast<double>(value), rounding, random.uniform()));
          const auto width = static_cast<std::uint64_t>(bits);
          const std::uint64_t n = matrix.count(),
                              exponent = from_profile(integer_bits) ? 8 : 0;  // f takes a byte
          return {.bits = width * n + exponent,
                  .code_bits = width,
                  .fraction_bits = format.fraction_bits,
                  .product = {.multiplications = n, .additions = n}};
        });
  }
};

}  // namespace edgeval
