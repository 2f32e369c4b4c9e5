// Weights: each b x b block becomes the nearest circulant one, of which one column is stored (Rezk
// et al. 2020, section IV-A2, "block-circulant matrices", figure 7). Entry (i, j) depends on (i -
// j) mod b only and is the mean of the weights that share it; in blocks at the edges, of those that
// exist. The product of a block with a vector is a cyclic convolution. By FFTs it takes one
// transform for each block of x and of the result, and b / 2 + 1 complex products for each block of
// weights.
#pragma once

#include <algorithm>

#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

struct BlockCirculant {
  static constexpr const char* kName = "block_circulant";
  static constexpr const char* kMeaning =
      "blocks become circulant: one column of each is stored (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double block = 4;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("block", self.block, "rows and columns of a block");
  }

  const char* problem() const {
    return is_whole(block, 1, 65536) ? nullptr : "block must be a whole number from 1 to 65536";
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(matrices, [&](const WeightMatrix& matrix, std::size_t) -> StoredMatrix {
      const auto b = static_cast<std::int64_t>(block);
      for (std::int64_t row = 0; row < matrix.rows; row += b)
        for (std::int64_t col = 0; col < matrix.cols; col += b) project(matrix, row, col);
      const auto ceiling = [&](std::int64_t size) {
        return static_cast<std::uint64_t>((size + b - 1) / b);
      };
      const std::uint64_t down = ceiling(matrix.rows), across = ceiling(matrix.cols),
                          n = matrix.count();
      const auto length = static_cast<std::uint64_t>(b);
      return {.bits = kFloatBits * down * across * length,
              .code_bits = kFloatBits,
              .whole = down * across * length,
              .product = {.kind = "circulant", .multiplications = n, .additions = n},
              .fourier = {down + across, length, down * across * (length / 2 + 1)}};
    });
  }

 private:
  void project(const WeightMatrix& matrix, std::int64_t row, std::int64_t col) const {
    const auto b = static_cast<std::int64_t>(block);
    std::vector<double> sums(static_cast<std::size_t>(b)), counts(static_cast<std::size_t>(b));
    const auto for_each = [&](auto&& visit) {  // visit(weight, its diagonal)
      for (std::int64_t i = 0; i < std::min(b, matrix.rows - row); ++i)
        for (std::int64_t j = 0; j < std::min(b, matrix.cols - col); ++j)
          visit(matrix.values[static_cast<std::size_t>((row + i) * matrix.cols + col + j)],
                static_cast<std::size_t>((i - j + b) % b));
    };
    for_each([&](float weight, std::size_t diagonal) {
      sums[diagonal] += static_cast<double>(weight);
      counts[diagonal] += 1;
    });
    for_each([&](float& weight, std::size_t diagonal) {
      weight = static_cast<float>(sums[diagonal] / counts[diagonal]);
    });
  }
};

}  // namespace edgeval
