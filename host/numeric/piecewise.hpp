// Functions made of straight pieces, in place of sigmoid and tanh (docs/techniques.md,
// "Nonlinearity"): y = slope x + offset from a knot up to the next piece's. One table holds them in
// both numbers:
//   fp32      x, y floats
//   integers  z with kStateBits fraction bits -> y with kUnitBits, rounded half away from zero;
//             from the same doubles, so within one unit (2^-15) of fp32
// Views are trivially copyable; PiecewiseTables owns the memory (host only).
#pragma once

#include <cstdint>
#include <vector>

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

// From `knot` up to the next piece's; the first piece begins at minus infinity.
struct LinearPiece {
  double knot;
  double slope;
  double offset;
  bool open = false;  // from just above the knot on, the knot being the piece's before
};
using LinearPieces = std::vector<LinearPiece>;  // knots ascend

// Fraction bits of a slope. |slope| <= 1 and |z| < 2^31 keep slope z + offset below 2^63.
inline constexpr int kSlopeBits = 30;

struct TablePiece {
  float knot;  // rounded up, as is fixed_knot: both numbers are in the piece that the double is in
  float slope, offset;
  std::int32_t fixed_knot;    // kStateBits
  std::int64_t fixed_slope;   // kSlopeBits
  std::int64_t fixed_offset;  // kSlopeBits + kStateBits
};

struct PiecewiseView {
  const TablePiece* pieces;
  int count;
};

struct PiecewiseFunctions {
  PiecewiseView sigmoid;
  PiecewiseView tanh;
};

// The last piece of which starts(piece) holds; the first one always does.
template <class Starts>
EDGEVAL_HD const TablePiece& find_piece(PiecewiseView view, Starts starts) {
  const TablePiece* first = view.pieces;
  for (int count = view.count; count > 1;) {
    const int half = count / 2;
    first += starts(first[half]) ? half : 0;
    count -= half;
  }
  return *first;
}

EDGEVAL_HD float piecewise_value(PiecewiseView view, float x) {
  x = clamp(x, -1024.0F, 1024.0F);  // all knots lie within; slope 0 times infinity would be NaN
  const TablePiece& piece = find_piece(view, [x](const TablePiece& p) { return x >= p.knot; });
  return piece.slope * x + piece.offset;
}

EDGEVAL_HD std::int32_t piecewise_value(PiecewiseView view, std::int32_t z) {
  const TablePiece& piece =
      find_piece(view, [z](const TablePiece& p) { return z >= p.fixed_knot; });
  const std::int64_t sum = piece.fixed_slope * z + piece.fixed_offset;
  return static_cast<std::int32_t>(round_shift(sum, kSlopeBits + kStateBits - kUnitBits));
}

// The names under which the cells ask for their functions.
EDGEVAL_HD float sigmoid(const PiecewiseFunctions& functions, float x) {
  return piecewise_value(functions.sigmoid, x);
}
EDGEVAL_HD float hyperbolic_tangent(const PiecewiseFunctions& functions, float x) {
  return piecewise_value(functions.tanh, x);
}
EDGEVAL_HD std::int32_t table_sigmoid(const PiecewiseFunctions& functions, std::int32_t z) {
  return piecewise_value(functions.sigmoid, z);
}
EDGEVAL_HD std::int32_t table_tanh(const PiecewiseFunctions& functions, std::int32_t z) {
  return piecewise_value(functions.tanh, z);
}

class PiecewiseTables {
 public:
  PiecewiseTables(const LinearPieces& sigmoid, const LinearPieces& tanh);

  PiecewiseFunctions functions() const { return {view(sigmoid_), view(tanh_)}; }

 private:
  static PiecewiseView view(const std::vector<TablePiece>& pieces) {
    return {pieces.data(), static_cast<int>(pieces.size())};
  }

  std::vector<TablePiece> sigmoid_, tanh_;
};

}  // namespace edgeval
