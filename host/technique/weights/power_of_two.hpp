// Weights: signed powers of two, so that a multiplication is a shift (Rezk et al. 2020, section
// IV-A1, "exponential quantization").
#pragma once

#include <bit>

#include "host/numeric/quantizers.hpp"
#include "host/numeric/random.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

enum class ExponentRounding : std::uint8_t { kNearest, kStochastic };
constexpr std::array<std::string_view, 2> names(ExponentRounding) {
  return {"nearest", "stochastic"};
}
enum class ZeroLevel : std::uint8_t { kAllowed, kNone };
constexpr std::array<std::string_view, 2> names(ZeroLevel) { return {"allowed", "none"}; }

struct PowerOfTwo {
  static constexpr const char* kName = "power_of_two";
  static constexpr const char* kMeaning = "signed powers of two, a product is a shift (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double min_exponent = -6;
  double max_exponent = 0;
  ExponentRounding rounding = ExponentRounding::kNearest;
  ZeroLevel zero = ZeroLevel::kAllowed;
  double seed = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("min_exponent", self.min_exponent, "exponent of the least power of two");
    visit("max_exponent", self.max_exponent,
          "exponent of the greatest power of two, at which weights saturate");
    visit("rounding", self.rounding, "rounding of log2: nearest, or stochastic");
    visit("zero", self.zero, "allowed: smaller weights become 0; none: the least power of two");
    visit("seed", self.seed, "seed of stochastic rounding");
  }

  const char* problem() const {
    if (!is_whole(min_exponent, -100, 100) || !is_whole(max_exponent, -100, 100))
      return "exponents must be whole numbers from -100 to 100";
    if (min_exponent > max_exponent) return "min_exponent must not be above max_exponent";
    if (!is_whole(seed, 0, 1e15)) return "seed must be a whole number from 0 to 1e15";
    return nullptr;
  }

  PowerOfTwoLevels levels() const {
    return {static_cast<int>(min_exponent), static_cast<int>(max_exponent),
            zero == ZeroLevel::kAllowed, rounding == ExponentRounding::kStochastic};
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(
        matrices, [&](const WeightMatrix& matrix, std::size_t number) -> StoredMatrix {
          const PowerOfTwoLevels levels = this->levels();
          SplitMix64 random = random_stream(static_cast<std::uint64_t>(seed), number);
          for (float& value : matrix.values)
            value =
                static_cast<float>(levels.quantize(static_cast<double>(value), random.uniform()));
          const auto width = static_cast<std::uint64_t>(
              std::bit_width(static_cast<unsigned>(levels.levels() - 1)));
          const std::uint64_t n = matrix.count();
          return {.bits = width * n,
                  .code_bits = width,
                  .product = {.kind = "shift_add", .shifts = n, .additions = n}};
        });
  }
};

}  // namespace edgeval
