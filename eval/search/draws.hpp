// The points of a sweep, one after the other: every combination of a grid, points at random, or
// points of a Sobol sequence. A point is a list of settings, "KEY=VALUE" as --set takes them, in
// the order of the dimensions and of their keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/search/dimension.hpp"

namespace edgeval {

class Draws {
 public:
  virtual ~Draws() = default;

  // Returns the settings of the next point; nothing when a grid is at its end. Other draws have no
  // end, and where lists and whole numbers are few the same point comes again.
  virtual std::optional<std::vector<std::string>> next() = 0;
};

// All of these throw Error when there is no dimension, or when the values of a range differ by less
// than six digits show.

// Every combination of grid_values, the last dimension fastest. Throws Error, before it allocates
// anything, for more than kMostGridPoints points and for a range without STEPS.
std::unique_ptr<Draws> grid_draws(std::vector<Dimension> dimensions);

// Returns how many points the grid has. Throws Error as grid_draws does.
std::uint64_t grid_points(const std::vector<Dimension>& dimensions);

// Point i (from 0) takes for each dimension, in their order, the next uniform number of
// random_stream(seed, i) (host/numeric/random.hpp). It depends on nothing drawn before.
std::unique_ptr<Draws> random_draws(std::vector<Dimension> dimensions, std::uint64_t seed);

// Returns the shift of the Sobol sequence of these dimensions: for dimension d the first 64 bits of
// random_stream(seed, 2^64 - 1 - d). Throws Error for more dimensions than the sequence has.
std::vector<std::uint64_t> sobol_shift(const std::vector<Dimension>& dimensions,
                                       std::uint64_t seed);

// Point i is point i of the Sobol sequence (sobol.hpp), shifted in dimension d by the first 64 bits
// of random_stream(seed, 2^64 - 1 - d), a stream that no point of random_draws meets. Throws Error
// for more dimensions than the sequence has.
std::unique_ptr<Draws> sobol_draws(std::vector<Dimension> dimensions, std::uint64_t seed);

}  // namespace edgeval
