// Weights: -1, 0 and 1, times a scale (Rezk et al. 2020, section IV-A1; the rule twn is that of Li
// et al. 2016, "Ternary weight networks", with the threshold 0.7 mean |w|). A product is an
// addition, a subtraction or nothing.
#pragma once

#include "host/numeric/quantizers.hpp"
#include "host/numeric/random.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

enum class TernaryRule : std::uint8_t { kRound, kTwn, kStochastic };
constexpr std::array<std::string_view, 3> names(TernaryRule) {
  return {"round", "twn", "stochastic"};
}

struct Ternary {
  static constexpr const char* kName = "ternary";
  static constexpr const char* kMeaning = "-1, 0 and 1, a product is an addition or nothing (P2)";
  static constexpr const char* kPaper = kPaperP2;

  TernaryRule rule = TernaryRule::kTwn;
  Scale scale = Scale::kMean;
  double seed = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("rule", self.rule,
          "round: 0 up to 0.5; twn: 0 up to 0.7 mean |w|; stochastic: not 0 with probability |w|");
    visit("scale", self.scale,
          "none, or mean: of the weights that are not 0, one factor for each matrix");
    visit("seed", self.seed, "seed of the stochastic rule");
  }

  const char* problem() const {
    return is_whole(seed, 0, 1e15) ? nullptr : "seed must be a whole number from 0 to 1e15";
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(
        matrices, [&](const WeightMatrix& matrix, std::size_t number) -> StoredMatrix {
          SplitMix64 random = random_stream(static_cast<std::uint64_t>(seed), number);
          const double threshold =
              rule == TernaryRule::kTwn ? 0.7 * mean_magnitude(matrix.values) : 0.5;
          apply_levels(matrix.values, scale, [&](double x) {
            return rule == TernaryRule::kStochastic ? ternary_stochastic(x, random.uniform())
                                                    : ternary(x, threshold);
          });
          const std::uint64_t n = matrix.count(), rows = static_cast<std::uint64_t>(matrix.rows);
          const bool scaled = scale == Scale::kMean;
          return {.bits = 2 * n + (scaled ? kFloatBits : 0),
                  .code_bits = 2,
                  .product = {.kind = "add", .multiplications = scaled ? rows : 0, .additions = n}};
        });
  }
};

}  // namespace edgeval
