#include "host/numeric/piecewise.hpp"

#include <cmath>
#include <limits>

namespace edgeval {
namespace {

std::int64_t scaled(double value, int bits) {
  const double product = value * power_of_two(bits);
  return static_cast<std::int64_t>(product + (product < 0 ? -0.5 : 0.5));
}

// Returns the least float that is not below value or, with `above`, the least one that is above it.
float rounded_up(double value, bool above) {
  const float nearest = static_cast<float>(value);
  const double error = static_cast<double>(nearest) - value;
  return error < 0 || (above && error == 0)
             ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
             : nearest;
}

std::vector<TablePiece> table_of(const LinearPieces& pieces) {
  std::vector<TablePiece> table;
  for (const LinearPiece& piece : pieces) {
    const double place = piece.knot * power_of_two(kStateBits);
    const double knot =
        clamp(piece.open ? std::floor(place) + 1 : std::ceil(place),
              static_cast<double>(lowest_of(32)), static_cast<double>(highest_of(32)));
    table.push_back({.knot = rounded_up(piece.knot, piece.open),
                     .slope = static_cast<float>(piece.slope),
                     .offset = static_cast<float>(piece.offset),
                     .fixed_knot = static_cast<std::int32_t>(knot),
                     .fixed_slope = scaled(piece.slope, kSlopeBits),
                     .fixed_offset = scaled(piece.offset, kSlopeBits + kStateBits)});
  }
  return table;
}

}  // namespace

PiecewiseTables::PiecewiseTables(const LinearPieces& sigmoid, const LinearPieces& tanh)
    : sigmoid_(table_of(sigmoid)), tanh_(table_of(tanh)) {}

}  // namespace edgeval
