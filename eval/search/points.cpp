#include "eval/search/points.hpp"

#include <algorithm>
#include <set>

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// After so many refused draws in a row no draw is expected to be allowed.
constexpr Index kMostRefusedInARow = 1000;

Index different(const std::vector<SweepPoint>& points) {
  std::set<std::vector<std::string>> settings;
  for (const SweepPoint& point : points) settings.insert(point.settings);
  return std::ssize(settings);
}

// Whether every point of the list is refused with this message.
bool is_said_of_all(const std::string& message, const std::vector<ListedPoint>& list,
                    const MakePoint& make) {
  return std::ranges::all_of(list, [&](const ListedPoint& listed) {
    return refusal_of(listed.settings, make) == message;
  });
}

}  // namespace

std::string source_of(const std::vector<std::string>& settings) {
  return settings.empty() ? "the policy" : separated(settings);
}

std::string refusal_of(const std::vector<std::string>& settings, const MakePoint& make) {
  try {
    make(settings);
    return "";
  } catch (const Error& error) {
    const std::string message = error.what(), source = source_of(settings) + ": ";
    return message.starts_with(source) ? message.substr(source.size()) : message;
  }
}

MadePoints drawn_points(Draws& draws, Index count, const MakePoint& make) {
  MadePoints made;
  const bool is_grid = count == 0;
  if (is_grid) made.drawn = "point";
  Index in_a_row = 0;
  while (is_grid || std::ssize(made.points) < count) {
    std::optional<std::vector<std::string>> settings = draws.next();
    if (!settings) break;
    try {
      Point point = make(*settings);
      made.points.push_back({std::move(*settings), std::move(point)});
      in_a_row = 0;
    } catch (const Error& error) {
      if (made.refused++ == 0) made.refusal = error.what();
      EDGEVAL_EXPECTS(is_grid || ++in_a_row < kMostRefusedInARow, "the rules of policies refused ",
                      kMostRefusedInARow, " draws in a row, the first for: ", made.refusal);
    }
  }
  EDGEVAL_EXPECTS(!made.points.empty(), "the rules of policies refused all of ",
                  counted(static_cast<std::size_t>(made.refused), "point"),
                  ", the first for: ", made.refusal);
  made.different = different(made.points);
  return made;
}

MadePoints listed_points(const std::vector<ListedPoint>& list, const MakePoint& make) {
  MadePoints made;
  for (const ListedPoint& listed : list) {
    try {
      made.points.push_back({listed.settings, make(listed.settings)});
    } catch (const Error& error) {
      const std::string message = error.what();
      if (is_said_of_all(message, list, make)) throw;
      throw Error(concat(listed.place, ": ", message));
    }
  }
  made.different = different(made.points);
  return made;
}

}  // namespace edgeval
