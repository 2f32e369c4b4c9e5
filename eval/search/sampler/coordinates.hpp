// Points of a search as coordinates: u in [0, 1) for each dimension, of which value_at
// (eval/search/dimension.hpp) makes a value. Lists and whole numbers give the same value for a
// whole stretch of u.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/search/dimension.hpp"

namespace edgeval {

// The greatest u.
inline constexpr double kLastCoordinate = 1 - 0x1p-53;

// Returns how many different values the dimension has; nothing for a range of real numbers.
std::optional<std::uint64_t> value_count(const Dimension& dimension);

// Returns the least u that gives value number `value`, from 0, of a dimension with a value_count; 1
// for the count itself.
double bound_below(const Dimension& dimension, std::uint64_t value);

// The numbers u with from <= u < to; one number alone where they are equal.
struct Stretch {
  double from = 0;
  double to = 0;
};

// Returns the stretch around u, in [0, 1), whose numbers all give the value of u: value i of a list
// of n has [i / n, (i + 1) / n), a whole number w that part of [low, high + 1) where the floor is
// w. Of a range of real numbers it is u alone, and all of [0, 1) where low is high.
Stretch stretch_at(const Dimension& dimension, double u);

double middle(const Stretch& stretch);

// Returns the middle of the stretch of u, so that equal values have equal coordinates; u itself in
// a range of real numbers, and where a whole number's stretch is narrower than doubles can tell.
double snapped(const Dimension& dimension, double u);

// Returns the point with each coordinate snapped.
Coordinates snapped(const std::vector<Dimension>& dimensions, const Coordinates& at);

}  // namespace edgeval
