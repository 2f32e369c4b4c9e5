// Weights: 2^k uniform levels, each used equally often (Rezk et al. 2020, section IV-A1, "balanced
// quantization"; host/numeric/quantizers_balanced.hpp). W x = min sum x + step (groups x): the
// products are with k-bit whole numbers, each row is scaled once, and min sum x is added to each
// row.
#pragma once

#include "host/numeric/quantizers_balanced.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

struct Balanced {
  static constexpr const char* kName = "balanced";
  static constexpr const char* kMeaning =
      "uniform levels over each matrix's range, each used equally often (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double bits = 4;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("bits", self.bits, "bits of one weight's level");
  }

  const char* problem() const {
    return is_whole(bits, 1, 16) ? nullptr : "bits must be a whole number from 1 to 16";
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(matrices, [&](const WeightMatrix& matrix, std::size_t) -> StoredMatrix {
      quantize_balanced(matrix.values, static_cast<int>(bits));
      const std::uint64_t n = matrix.count(), width = static_cast<std::uint64_t>(bits);
      const auto rows = static_cast<std::uint64_t>(matrix.rows),
                 cols = static_cast<std::uint64_t>(matrix.cols);
      return {.bits = width * n + 2 * kFloatBits,  // with min and step, two floats
              .code_bits = width,
              .product = {.multiplications = n + rows + 1, .additions = n + cols + rows}};
    });
  }
};

}  // namespace edgeval
