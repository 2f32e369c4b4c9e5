// Weights: those of the model file, unchanged.
#pragma once

#include "host/technique/weights/stored.hpp"

namespace edgeval {

struct AsTrained {
  static constexpr const char* kName = "as_trained";
  static constexpr const char* kMeaning = "the weights of the file, unchanged";

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    return store_each(matrices, [](const WeightMatrix& matrix, std::size_t) -> StoredMatrix {
      const std::uint64_t n = matrix.count();
      return {.bits = kFloatBits * n,
              .code_bits = kFloatBits,
              .whole = n,
              .product = {.multiplications = n, .additions = n}};
    });
  }
};

}  // namespace edgeval
