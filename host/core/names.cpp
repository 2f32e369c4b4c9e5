#include "host/core/names.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/core/concat.hpp"

namespace edgeval {
namespace {

// The Levenshtein distance with unit costs.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// A comparison takes time in proportion to both lengths, and a name in a file may be of any length.
// Of a longer name only the start is compared, and a known name of more than twice this length is
// never near.
constexpr std::size_t kLongest = 80;

std::size_t distance(std::string_view name, std::string_view known) {
  return known.size() > 2 * kLongest ? known.size() : edits(name.substr(0, kLongest), known);
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  if (known.empty()) return "";
  const std::string* nearest = nullptr;
  std::size_t fewest = 0;
  for (const std::string& each : known)
    if (const std::size_t away = distance(name, each); nearest == nullptr || away < fewest)
      nearest = &each, fewest = away;
  if (fewest <= std::max<std::size_t>(1, nearest->size() / 2))
    return "; did you mean " + *nearest + "?";
  return "; known: " + separated(known);
}

}  // namespace edgeval
