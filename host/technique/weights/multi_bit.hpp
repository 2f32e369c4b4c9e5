// Weights: sums of k binary codes, w = sum of alpha_i b_i with b_i = +-1 and with alphas for each
// row of a matrix (Rezk et al. 2020, section IV-A1, "multi-bit codes";
// host/numeric/quantizers_multi_bit.hpp). The product of a row is k binary products, each scaled
// once.
#pragma once

#include "host/numeric/quantizers_multi_bit.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

struct MultiBit {
  static constexpr const char* kName = "multi_bit";
  static constexpr const char* kMeaning =
      "sums of a few scaled binary codes, scales for each row (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double bits = 2;
  MultiBitMethod method = MultiBitMethod::kAlternating;
  double cycles = 2;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("bits", self.bits, "binary codes in the sum");
    visit("method", self.method, "greedy, refined or alternating");
    visit("cycles", self.cycles, "rounds of the alternating method");
  }

  const char* problem() const {
    if (!is_whole(bits, 1, kMaxMultiBits)) return "bits must be a whole number from 1 to 8";
    if (!is_whole(cycles, 0, 1000)) return "cycles must be a whole number from 0 to 1000";
    return nullptr;
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(matrices, [&](const WeightMatrix& matrix, std::size_t) -> StoredMatrix {
      const auto cols = static_cast<std::size_t>(matrix.cols),
                 rows = static_cast<std::size_t>(matrix.rows);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::span<float> row = matrix.values.subspan(r * cols, cols);
        MultiBitCodes code =
            multi_bit_codes(row, static_cast<int>(bits), method, static_cast<int>(cycles));
        for (double& alpha : code.alphas)
          alpha = static_cast<double>(static_cast<float>(alpha));  // alphas are stored as floats
        for (std::size_t c = 0; c < cols; ++c)
          row[c] = static_cast<float>(code.value(code.codes[c]));
      }
      const auto k = static_cast<std::uint64_t>(bits);
      return {.bits = k * matrix.count() + k * kFloatBits * rows,
              .code_bits = k,
              .product = {.kind = "binary_codes",
                          .multiplications = k * rows,
                          .additions = k * matrix.count() + (k - 1) * rows}};
    });
  }
};

}  // namespace edgeval
