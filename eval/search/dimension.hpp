// A dimension of a sweep: the keys of a policy that vary together, and the values that they take.
// u, a number in [0, 1), chooses one of them: all values of a list are as likely, all numbers of a
// range, or of its logarithm; value_at has the formulas. Only additions, multiplications, divisions
// and square roots are taken, so that a value is the same text on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edgeval {

// The most values of a range, and points of a grid.
inline constexpr std::uint64_t kMostGridPoints = 1'000'000;

// Below it whole numbers and their halves are exact, and plain_number writes no exponent.
inline constexpr double kWholeLimit = 1e15;

// A list of values, or a range of numbers where `values` is empty.
struct Dimension {
  std::vector<std::string> keys;       // as --set takes them; all get the same value
  std::string text;                    // for messages: the option as it was given
  std::vector<std::string> values;     // of a list, each as YAML
  double low = 0;                      // the ends of a range, low <= high, both part of it
  double high = 0;                     //
  std::optional<std::uint64_t> steps;  // values of the range in a grid
  bool logarithmic = false;            // the range is even in its logarithm; then low > 0
  bool whole = false;                  // a range of whole numbers alone (find_whole of vary.hpp)

  bool is_range() const { return values.empty(); }
};

// Returns a number as YAML reads it: in plain decimals from 0.000001 to below 10^15, else with an
// exponent, in the fewest digits that give the same double.
std::string plain_number(double number);

// Returns the value of a list or range that u in [0, 1) chooses. Of n values of a list it is number
// floor(u n). Of a range it is low + u (high - low), or low (high / low)^u of a logarithmic one, in
// at most six significant digits; where these lie outside of the range, its end. Of whole numbers
// it is the floor of the same with high + 1 in place of high.
std::string value_at(const Dimension& dimension, double u);

// Adds KEY=VALUE, as --set takes it, for each key of the dimension.
void add_settings(const Dimension& dimension, const std::string& value,
                  std::vector<std::string>& settings);

// A point of a search: u in [0, 1) for each dimension.
using Coordinates = std::vector<double>;

// Returns the settings of a point, in the order of the dimensions and of their keys: KEY=VALUE with
// value_at of its u. There must be as many coordinates as dimensions.
std::vector<std::string> settings_at(const std::vector<Dimension>& dimensions,
                                     const Coordinates& at);

// Returns the values that a grid takes: those of the list, or `steps` of the range in even
// distances, of which the first is low and the last is high. Whole numbers are rounded, and a value
// that comes again is left out. Throws Error for a range without steps, unless low is high.
std::vector<std::string> grid_values(const Dimension& dimension);

// Returns how many values grid_values would give before any are left out, which it costs nothing to
// know. Throws Error as grid_values does.
std::uint64_t grid_size(const Dimension& dimension);

// Throws Error for a range of numbers that six digits hardly tell apart.
void expect_distinct_values(const Dimension& dimension);

}  // namespace edgeval
