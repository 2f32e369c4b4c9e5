// Weights: two values (Rezk et al. 2020, section IV-A1, "binary"; equations 23 and 24 for the
// stochastic choice). A product is an addition or a subtraction. Two values a < b that are neither
// opposite nor 0 also cost a sum of x that all rows share: W x = a sum x + (b - a) sum over b of x.
#pragma once

#include "host/numeric/quantizers.hpp"
#include "host/numeric/random.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

enum class BinaryRule : std::uint8_t { kSign, kStochastic };
constexpr std::array<std::string_view, 2> names(BinaryRule) { return {"sign", "stochastic"}; }

struct Binary {
  static constexpr const char* kName = "binary";
  static constexpr const char* kMeaning = "two values, a product is an addition (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double values_min = -1;
  double values_max = 1;
  BinaryRule rule = BinaryRule::kSign;
  Scale scale = Scale::kMean;
  double seed = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("values[0]", self.values_min,
          "the value of negative weights, and that of the others: values: [-1, 1]");
    visit("values[1]", self.values_max, "the value of weights of 0 and above");
    visit("rule", self.rule, "sign, or stochastic: the upper value with probability (w + 1) / 2");
    visit("scale", self.scale, "none, or mean: one factor for each matrix, of least squared error");
    visit("seed", self.seed, "seed of the stochastic rule");
  }

  const char* problem() const {
    if (!(values_min < values_max && values_min > -1e30 && values_max < 1e30))
      return "values must be [low, high], within 1e30 of 0 and low below high";
    if (!is_whole(seed, 0, 1e15)) return "seed must be a whole number from 0 to 1e15";
    return nullptr;
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(
        matrices, [&](const WeightMatrix& matrix, std::size_t number) -> StoredMatrix {
          SplitMix64 random = random_stream(static_cast<std::uint64_t>(seed), number);
          apply_levels(matrix.values, scale, [&](double x) {
            const bool high =
                rule == BinaryRule::kSign ? binary_is_high(x) : binary_is_high(x, random.uniform());
            return high ? values_max : values_min;
          });
          return {.bits = matrix.count() + (scale == Scale::kMean ? kFloatBits : 0),
                  .code_bits = 1,
                  .product = product(matrix)};
        });
  }

 private:
  ProductCost product(const WeightMatrix& matrix) const {
    const auto rows = static_cast<std::uint64_t>(matrix.rows),
               cols = static_cast<std::uint64_t>(matrix.cols);
    const auto free_factor = [](double value) { return value == 0 || value == 1 || value == -1; };
    const bool unscaled =
        scale == Scale::kNone && free_factor(values_min) && free_factor(values_max);
    ProductCost cost{
        .kind = "add", .multiplications = unscaled ? 0 : rows, .additions = matrix.count()};
    if (values_min == -values_max || values_min == 0 || values_max == 0) return cost;
    cost.multiplications += 1;
    cost.additions += cols + rows;
    return cost;
  }
};

}  // namespace edgeval
