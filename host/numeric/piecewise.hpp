// Functions made of straight pieces in the place of sigmoid and tanh (docs/techniques.md,
// "Nonlinearity"): y = slope x + offset from a piece's knot up to the next piece's. One table holds
// the pieces for both kinds of numbers:
//   fp32      x and y are floats
//   integers  z has kStateBits fraction bits, y kUnitBits, rounded half away from zero;
//             made from the same doubles, and so within one unit (2^-15) of fp32
// Views are trivially copyable; PiecewiseTables owns the memory, on the host.
#pragma once

#include <cstdint>
#include <vector>

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

// Reaches from `knot` up to the next piece's; the first piece begins at minus infinity.
struct LinearPiece {
  double knot;
  double slope;
  double offset;
  bool open = false;  // true: begins just above the knot, which belongs to the piece before
};
using LinearPieces = std::vector<LinearPiece>;  // in the order of ascending knots

// The fraction bits of a slope. With |slope| <= 1 and |z| < 2^31 slope z + offset stays below 2^63.
inline constexpr int kSlopeBits = 30;

struct TablePiece {
  // Both knots are rounded up, so that a number lies in the same piece as for the knot in double.
  float knot;
  float slope, offset;
  std::int32_t fixed_knot;    // with kStateBits fraction bits
  std::int64_t fixed_slope;   // with kSlopeBits fraction bits
  std::int64_t fixed_offset;  // with kSlopeBits + kStateBits fraction bits
};

struct PiecewiseView {
  const TablePiece* pieces;
  int count;
};

struct PiecewiseFunctions {
  PiecewiseView sigmoid;
  PiecewiseView tanh;
};

// Finds the last piece of which starts(piece) holds, by halving. It is assumed to hold of the
// first.
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
  // All knots lie within this range; beyond it a slope of 0 times infinity would be NaN.
  x = clamp(x, -1024.0F, 1024.0F);
  const TablePiece& piece = find_piece(view, [x](const TablePiece& p) { return x >= p.knot; });
  return piece.slope * x + piece.offset;
}

EDGEVAL_HD std::int32_t piecewise_value(PiecewiseView view, std::int32_t z) {
  const TablePiece& piece =
      find_piece(view, [z](const TablePiece& p) { return z >= p.fixed_knot; });
  const std::int64_t sum = piece.fixed_slope * z + piece.fixed_offset;
  return static_cast<std::int32_t>(round_shift(sum, kSlopeBits + kStateBits - kUnitBits));
}

// The cells call their functions by these names.
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
