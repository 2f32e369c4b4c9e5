#include "eval/search/dimension.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Digits of a value behind the first.
constexpr int kFurtherDigits = 5;
// A range must be this part of its greater end, so that its values have two digits or more in which
// they differ.
constexpr double kNarrowest = 1e-4;

std::string written(double number, std::chars_format format) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, number, format).ptr};
}

// The nearest number of six significant digits.
double six_digits(double number) {
  char text[40];
  const char* const end =
      std::to_chars(text, text + sizeof text, number, std::chars_format::scientific, kFurtherDigits)
          .ptr;
  double near = 0;
  std::from_chars(text, end, near);
  return near;
}

// low (high / low)^u for u in [0, 1]. The k-th binary digit of u stands for a factor that is the
// k-th square root of high / low: no library's exp and log, whose last bits differ.
double power_between(double low, double high, double u) {
  double value = low, root = high / low;
  for (; u > 0; u *= 2) {
    if (u >= 1) value *= root, u -= 1;
    root = std::sqrt(root);
  }
  return value;
}

double between(const Dimension& range, double high, double u) {
  return range.logarithmic ? power_between(range.low, high, u) : range.low + u * (high - range.low);
}

// A number of the range as text; one that is rounded out of the range becomes its end.
std::string text_within(const Dimension& range, double number) {
  return plain_number(std::clamp(six_digits(number), range.low, range.high));
}

}  // namespace

std::string plain_number(double number) {
  const double size = std::abs(number);
  if (size == 0) return "0";  // not "-0"
  return written(number, size >= 1e-6 && size < 1e15 ? std::chars_format::fixed
                                                     : std::chars_format::scientific);
}

std::string value_at(const Dimension& dimension, double u) {
  if (!dimension.is_range()) {
    const std::size_t count = dimension.values.size();
    const auto at = static_cast<std::size_t>(u * static_cast<double>(count));
    return dimension.values[std::min(at, count - 1)];
  }
  if (!dimension.whole) return text_within(dimension, between(dimension, dimension.high, u));
  const double number = std::floor(between(dimension, dimension.high + 1, u));
  return plain_number(std::clamp(number, dimension.low, dimension.high));
}

void add_settings(const Dimension& dimension, const std::string& value,
                  std::vector<std::string>& settings) {
  for (const std::string& key : dimension.keys) settings.push_back(concat(key, "=", value));
}

std::vector<std::string> settings_at(const std::vector<Dimension>& dimensions,
                                     const Coordinates& at) {
  EDGEVAL_ASSERT(at.size() == dimensions.size());
  std::vector<std::string> settings;
  for (std::size_t d = 0; d < dimensions.size(); ++d)
    add_settings(dimensions[d], value_at(dimensions[d], at[d]), settings);
  return settings;
}

std::uint64_t grid_size(const Dimension& dimension) {
  if (!dimension.is_range()) return dimension.values.size();
  if (dimension.low == dimension.high) return 1;
  EDGEVAL_EXPECTS(dimension.steps, dimension.text,
                  ": a grid needs the number of values; write it behind the range, as in ",
                  dimension.keys.front(), "=", plain_number(dimension.low), ":",
                  plain_number(dimension.high), ":5");
  if (!dimension.whole) return *dimension.steps;
  return std::min(*dimension.steps, static_cast<std::uint64_t>(dimension.high - dimension.low) + 1);
}

std::vector<std::string> grid_values(const Dimension& dimension) {
  if (!dimension.is_range()) return dimension.values;
  if (grid_size(dimension) == 1) return {plain_number(dimension.low)};
  const std::uint64_t last = *dimension.steps - 1;
  std::vector<std::string> values{plain_number(dimension.low)};
  const auto add = [&](std::string value) {
    if (value != values.back()) values.push_back(std::move(value));
  };
  for (std::uint64_t i = 1; i < last; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(last);
    const double number = between(dimension, dimension.high, u);
    add(dimension.whole
            ? plain_number(std::clamp(std::round(number), dimension.low, dimension.high))
            : text_within(dimension, number));
  }
  add(plain_number(dimension.high));
  return values;
}

void expect_distinct_values(const Dimension& dimension) {
  if (!dimension.is_range() || dimension.whole || dimension.low == dimension.high) return;
  const double end = std::max(std::abs(dimension.low), std::abs(dimension.high));
  EDGEVAL_EXPECTS(dimension.high - dimension.low >= kNarrowest * end, dimension.text, ": ",
                  plain_number(dimension.low), " and ", plain_number(dimension.high),
                  " are too near for numbers of six digits between them; name the values, as in ",
                  dimension.keys.front(), "=", plain_number(dimension.low), ",",
                  plain_number(dimension.high));
}

}  // namespace edgeval
