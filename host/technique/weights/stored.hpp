// What the choices of the weights axis have in common. A choice is a technique (technique.hpp) that
// also has
//   store(matrices)   changes the matrices of a whole model in place, to the values with which the
//                     network then computes, and says for each how many bits hold it and what its
//                     product with a vector costs
// Sums and decisions are made in double and in the order of the rows, so that the weights are the
// same bits everywhere.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "host/technique/technique.hpp"

namespace edgeval {

// A matrix [rows, cols], row-major.
struct WeightMatrix {
  std::span<float> values;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::uint64_t count() const { return static_cast<std::uint64_t>(rows * cols); }
};

// The operations of one product of the matrix with a vector on a chip made for this form of
// weights.
struct ProductCost {
  std::string_view kind = "multiply_add";  // what a MAC becomes
  std::uint64_t multiplications = 0;
  std::uint64_t shifts = 0;
  std::uint64_t additions = 0;
};

// The cost of the same product by real FFTs: transforms of vectors of `length` elements, and
// complex multiplications between the transforms.
struct FourierCost {
  std::uint64_t transforms = 0;  // 0 where there is no such form
  std::uint64_t length = 0;
  std::uint64_t complex_multiplications = 0;
};

struct StoredMatrix {
  std::uint64_t bits = 0;       // bits of everything that must be stored: codes, scales, indices
  std::uint64_t code_bits = 0;  // bits of one stored weight
  // The number of weights that are stored as they are, each with kFloatBits of `bits`. Under
  // integer arithmetic it takes the width of that arithmetic.
  std::uint64_t whole = 0;
  std::optional<int> fraction_bits = std::nullopt;  // f of fixed point, else none
  ProductCost product = {};
  FourierCost fourier = {};
};

inline constexpr std::uint64_t kFloatBits = 32;  // bits of a weight, scale or level kept as it is

// Calls store(matrix, its number) for each matrix, for choices that treat every matrix by itself.
template <class Store>
std::vector<StoredMatrix> store_each(std::span<const WeightMatrix> matrices, Store&& store) {
  std::vector<StoredMatrix> stored;
  for (std::size_t i = 0; i < matrices.size(); ++i) stored.push_back(store(matrices[i], i));
  return stored;
}

inline double mean_magnitude(std::span<const float> values) {
  double sum = 0;
  for (float value : values) sum += std::fabs(static_cast<double>(value));
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

inline double greatest_magnitude(std::span<const float> values) {
  double greatest = 0;
  for (float value : values) greatest = std::fmax(greatest, std::fabs(static_cast<double>(value)));
  return greatest;
}

// Which factor a few levels such as -1 and 1 are multiplied with.
enum class Scale : std::uint8_t { kNone, kMean };
constexpr std::array<std::string_view, 2> names(Scale) { return {"none", "mean"}; }

// Every value x becomes alpha level(x). alpha is 1 or, with Scale::kMean, the factor of the matrix
// with the least squared error, sum x level / sum level^2. For levels +-1 that is the mean of |x|;
// with 0 as a third level it is the mean over the values that do not become 0.
template <class Level>
void apply_levels(std::span<float> values, Scale scale, Level&& level) {
  double product = 0, square = 0;
  std::vector<double> levels;
  levels.reserve(values.size());
  for (float value : values) {
    const double x = static_cast<double>(value), l = level(x);
    levels.push_back(l);
    product += x * l;
    square += l * l;
  }
  const double alpha = scale == Scale::kNone ? 1 : (square > 0 ? product / square : 0);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(levels[i] == 0 ? 0 : alpha * levels[i]);  // avoids -0
}

}  // namespace edgeval
