// What the choices of the nonlinearity axis have in common. A choice is a technique (technique.hpp)
// with
//   pieces(curve)   the function it puts in the place of sigmoid or tanh: straight pieces, which
//                   the engines evaluate in fp32 and in integers (host/numeric/piecewise.hpp)
//   cost(curve)     what one evaluation of it does on a chip made for it
// The exact functions, Exact, have neither. Sigmoid and tanh are point symmetric, so most choices
// are made for x >= 0 and mirrored: tanh(-x) = -tanh(x), sigmoid(-x) = 1 - sigmoid(x).
#pragma once

#include <bit>
#include <limits>

#include "host/numeric/piecewise.hpp"
#include "host/numeric/precise.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

enum class Curve : std::uint8_t { kSigmoid, kTanh };

// f(-x) = 2 f(0) - f(x); f tends to 1.
inline double value_of(Curve curve, double x) {
  return curve == Curve::kSigmoid ? precise_sigmoid(x) : precise_tanh(x);
}
inline double centre_of(Curve curve) { return curve == Curve::kSigmoid ? 0.5 : 0; }

struct NonlinearityCost {
  int reads = 0;            // of a table
  int multiplications = 0;  // not by powers of two, which are shifts
  int additions = 0;
  int comparisons = 0;
};

// Comparisons that find one of `pieces` pieces by halving.
inline int comparisons_among(std::uint64_t pieces) {
  return static_cast<int>(std::bit_width(pieces - 1));
}

// The function on the whole line from its pieces for x >= 0, the first of which begins at 0.
inline LinearPieces mirrored(const LinearPieces& right, Curve curve) {
  LinearPieces all;
  for (std::size_t k = right.size(); k-- > 0;) {
    const double knot =
        k + 1 < right.size() ? -right[k + 1].knot : -std::numeric_limits<double>::infinity();
    all.push_back({knot, right[k].slope, 2 * centre_of(curve) - right[k].offset, true});
  }
  all.insert(all.end(), right.begin(), right.end());
  return all;
}

}  // namespace edgeval
