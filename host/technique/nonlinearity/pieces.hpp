// What the choices of the nonlinearity axis have in common. A choice is a technique (technique.hpp)
// that also has
//   pieces(curve)   the function in the place of sigmoid or tanh, as straight pieces, which
//                   the engines evaluate in fp32 and in integers (host/numeric/piecewise.hpp)
//   cost(curve)     what one evaluation does on a chip made for this choice
// Exact, the exact functions, has neither. Sigmoid and tanh are point symmetric, so most choices
// are made for x >= 0 and mirrored: tanh(-x) = -tanh(x), sigmoid(-x) = 1 - sigmoid(x).
#pragma once

#include <bit>
#include <limits>

#include "host/numeric/piecewise.hpp"
#include "host/numeric/precise.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

enum class Curve : std::uint8_t { kSigmoid, kTanh };

// Both curves f have f(-x) = 2 f(0) - f(x) and tend to 1.
inline double value_of(Curve curve, double x) {
  return curve == Curve::kSigmoid ? precise_sigmoid(x) : precise_tanh(x);
}
inline double centre_of(Curve curve) { return curve == Curve::kSigmoid ? 0.5 : 0; }

struct NonlinearityCost {
  int reads = 0;            // reads of a table
  int multiplications = 0;  // those by powers of two are shifts and do not count
  int additions = 0;
  int comparisons = 0;
};

// Returns how many comparisons find one of `pieces` pieces by halving.
inline int comparisons_among(std::uint64_t pieces) {
  return static_cast<int>(std::bit_width(pieces - 1));
}

// Returns the function on the whole line, given its pieces for x >= 0, of which the first begins at
// 0.
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
