#include "eval/search/points.hpp"

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

// After so many refused draws in a row no draw is expected to be allowed.
constexpr Index kMostRefusedInARow = 1000;
// The most combinations of lists that allowed_somewhere tries.
constexpr std::size_t kMostCombinations = 256;

}  // namespace

MadePoints drawn_points(Draws& draws, Index count, const MakePoint& make) {
  MadePoints made;
  Index in_a_row = 0;
  while (count == 0 || std::ssize(made.points) < count) {
    std::optional<std::vector<std::string>> settings = draws.next();
    if (!settings) break;
    try {
      Point point = make(*settings);
      made.points.push_back({std::move(*settings), std::move(point)});
      in_a_row = 0;
    } catch (const Error& error) {
      if (made.refused++ == 0) made.refusal = error.what();
      EDGEVAL_EXPECTS(++in_a_row < kMostRefusedInARow, "the rules of policies refused ",
                      kMostRefusedInARow, " draws in a row, the first for: ", made.refusal);
    }
  }
  EDGEVAL_EXPECTS(!made.points.empty(), "the rules of policies refused all of ",
                  counted(static_cast<std::size_t>(made.refused), "point"),
                  ", the first for: ", made.refusal);
  return made;
}

MadePoints listed_points(const std::vector<ListedPoint>& list, const MakePoint& make) {
  MadePoints made;
  for (const ListedPoint& listed : list) {
    try {
      made.points.push_back({listed.settings, make(listed.settings)});
    } catch (const Error& error) {
      throw Error(concat(listed.place, ": ", error.what()));
    }
  }
  return made;
}

bool allowed_somewhere(const std::vector<Dimension>& dimensions, std::size_t dimension,
                       const std::string& value,
                       const std::function<bool(const std::vector<std::string>&)>& allowed) {
  std::vector<std::size_t> chosen(dimensions.size());  // place in the list of each other dimension
  for (std::size_t tried = 0; tried < kMostCombinations; ++tried) {
    std::vector<std::string> settings;
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      const Dimension& at = dimensions[d];
      const std::string now = d == dimension  ? value
                              : at.is_range() ? value_at(at, 0.5)
                                              : at.values[chosen[d]];
      for (const std::string& key : at.keys) settings.push_back(concat(key, "=", now));
    }
    if (allowed(settings)) return true;
    std::size_t d = 0;  // counts the lists up
    for (; d < dimensions.size(); ++d) {
      if (d == dimension || dimensions[d].is_range()) continue;
      if (++chosen[d] < dimensions[d].values.size()) break;
      chosen[d] = 0;
    }
    if (d == dimensions.size()) return false;
  }
  return false;
}

}  // namespace edgeval
