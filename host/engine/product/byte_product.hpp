// Y = X W^T of unsigned by signed bytes, summed exactly in 32 bits, for a fixed number of rows.
// Where the processor has exact byte products (VNNI), oneDNN makes them. Elsewhere fp32 products of
// at most 512 terms take their place; they are exact, since 512 x 255 x 128 < 2^24.
#pragma once

#include <cstdint>
#include <vector>

#include "host/engine/product/onednn.hpp"

namespace edgeval {

class ByteProduct {
 public:
  enum class Route { kBest, kBytes, kFloats };

  // Throws Error when there are more than 65,536 columns, with which a sum could exceed 32 bits.
  static void expect_exact_sums(Index columns);

  // `weight` is [O, C]. Throws Error when it has more than 65,536 columns.
  ByteProduct(Index rows, MatrixView<const std::int8_t> weight, Route route = Route::kBest);

  // Reads x [rows, C] and writes y [rows, O], both contiguous. Several threads may call it at once.
  void operator()(const std::uint8_t* x, std::int32_t* y) const;

 private:
  void multiply_as_floats(const std::uint8_t* x, std::int32_t* y) const;

  Index rows_, inputs_, outputs_;
  std::vector<onednn::PackedProduct> products_;  // one of bytes, or one of floats per 512 columns
  bool bytes_;                                   // whether products_ has one product of bytes
};

}  // namespace edgeval
