#include "host/core/names.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace edgeval {
namespace {

// Levenshtein distance, unit costs.
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

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  if (known.empty()) return "";
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return edits(name, a) < edits(name, b); });
  if (edits(name, *nearest) <= std::max<std::size_t>(1, nearest->size() / 2))
    return "; did you mean " + *nearest + "?";
  std::string text = "; known: ";
  for (const std::string& each : known) text += (&each == &known.front() ? "" : ", ") + each;
  return text;
}

}  // namespace edgeval
