#include "eval/search/sampler/coordinates.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Of u.
constexpr int kBinaryDigits = 53;

// Returns u with low (high / low)^u = number, low <= number <= high. As in value_at, the k-th
// binary digit of u stands for a factor that is the k-th square root of high / low.
double logarithmic_place(double low, double high, double number) {
  if (number >= high) return 1;
  double u = 0, value = low, root = high / low, digit = 1;
  for (int k = 0; k < kBinaryDigits; ++k) {
    root = std::sqrt(root);
    digit /= 2;
    if (root > 1 && value * root <= number) value *= root, u += digit;
  }
  return u;
}

// Returns the number of the value that u gives, from 0.
std::uint64_t value_number(const Dimension& dimension, double u) {
  if (!dimension.is_range()) {
    const auto values = static_cast<double>(dimension.values.size());
    return static_cast<std::uint64_t>(std::min(u * values, values - 1));
  }
  if (dimension.low == dimension.high) return 0;
  const std::string text = value_at(dimension, u);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return static_cast<std::uint64_t>(number - dimension.low);
}

}  // namespace

std::optional<std::uint64_t> value_count(const Dimension& dimension) {
  if (!dimension.is_range()) return dimension.values.size();
  if (dimension.low == dimension.high) return 1;
  if (!dimension.whole) return {};
  return static_cast<std::uint64_t>(dimension.high - dimension.low) + 1;
}

double bound_below(const Dimension& dimension, std::uint64_t value) {
  const auto count = value_count(dimension);
  EDGEVAL_ASSERT(count && value <= *count);
  const double end = dimension.high + 1;
  return dimension.is_range() && dimension.logarithmic
             ? logarithmic_place(dimension.low, end, dimension.low + static_cast<double>(value))
             : static_cast<double>(value) / static_cast<double>(*count);
}

Stretch stretch_at(const Dimension& dimension, double u) {
  if (!value_count(dimension)) return {u, u};
  const std::uint64_t value = value_number(dimension, u);
  return {bound_below(dimension, value), bound_below(dimension, value + 1)};
}

double middle(const Stretch& stretch) { return stretch.from + (stretch.to - stretch.from) / 2; }

double snapped(const Dimension& dimension, double u) {
  const double near = middle(stretch_at(dimension, u));
  return near == u || value_at(dimension, near) == value_at(dimension, u) ? near : u;
}

Coordinates snapped(const std::vector<Dimension>& dimensions, const Coordinates& at) {
  EDGEVAL_ASSERT(at.size() == dimensions.size());
  Coordinates snapped_at(at.size());
  for (std::size_t d = 0; d < at.size(); ++d) snapped_at[d] = snapped(dimensions[d], at[d]);
  return snapped_at;
}

}  // namespace edgeval
