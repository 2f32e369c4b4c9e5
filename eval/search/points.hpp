// Makes the points of a sweep from draws or from a list, as the rules of the policies allow.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "eval/search/draws.hpp"
#include "eval/search/point_list.hpp"
#include "eval/task/session.hpp"

namespace edgeval {

struct SweepPoint {
  std::vector<std::string> settings;  // KEY=VALUE
  Point point;
};

// Makes the point of a policy with these settings. Throws Error where the rules refuse it.
using MakePoint = std::function<Point(const std::vector<std::string>& settings)>;

struct MadePoints {
  std::vector<SweepPoint> points;
  Index refused = 0;      // draws that the rules refused
  std::string refusal{};  // why they refused the first of these
};

// Takes `count` draws that the rules allow, or all of a grid where `count` is 0. Throws Error when
// the rules refuse every draw for long.
MadePoints drawn_points(Draws& draws, Index count, const MakePoint& make);

// Makes the points of a list. Throws Error, naming its place, for a point that the rules refuse.
MadePoints listed_points(const std::vector<ListedPoint>& list, const MakePoint& make);

// Returns what a grid of one value for each dimension, each from its middle, sets beside
// `dimension` at `value`. Every combination of the values of other lists is tried until `allowed`
// takes one; returns whether one was taken.
bool allowed_somewhere(const std::vector<Dimension>& dimensions, std::size_t dimension,
                       const std::string& value,
                       const std::function<bool(const std::vector<std::string>&)>& allowed);

}  // namespace edgeval
