// Weights: -1, -0.5, 0.5 and 1, times a scale (Rezk et al. 2020, section IV-A1,
// "quaternarization"). A product is a shift by zero or one bit and an addition. With a scale the
// outer levels begin at mean |w| instead of 0.75 [our choice].
#pragma once

#include "host/numeric/quantizers.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

struct Quaternary {
  static constexpr const char* kName = "quaternary";
  static constexpr const char* kMeaning =
      "-1, -0.5, 0.5 and 1, a product is a shift and an addition (P2)";
  static constexpr const char* kPaper = kPaperP2;

  Scale scale = Scale::kMean;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scale", self.scale, "none, or mean: one factor for each matrix, of least squared error");
  }
  const char* problem() const { return nullptr; }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(matrices, [&](const WeightMatrix& matrix, std::size_t) -> StoredMatrix {
      const bool scaled = scale == Scale::kMean;
      const double threshold = scaled ? mean_magnitude(matrix.values) : 0.75;
      apply_levels(matrix.values, scale, [&](double x) { return quaternary(x, threshold); });
      const std::uint64_t n = matrix.count(), rows = static_cast<std::uint64_t>(matrix.rows);
      return {.bits = 2 * n + (scaled ? kFloatBits : 0),
              .code_bits = 2,
              .product = {.kind = "shift_add",
                          .multiplications = scaled ? rows : 0,
                          .shifts = n,
                          .additions = n}};
    });
  }
};

}  // namespace edgeval
