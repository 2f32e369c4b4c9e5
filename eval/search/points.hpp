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

// Makes the point of a policy with these settings. Throws Error where the rules refuse it; a
// message about the settings opens with source_of(settings).
using MakePoint = std::function<Point(const std::vector<std::string>& settings)>;

// Returns what messages call a policy with these settings: "plan.threshold=0.5, beam.width=3", or
// "the policy" where there are none.
std::string source_of(const std::vector<std::string>& settings);

// Returns why `make` refuses these settings, without source_of them; empty where it takes them.
std::string refusal_of(const std::vector<std::string>& settings, const MakePoint& make);

struct MadePoints {
  std::vector<SweepPoint> points;
  Index refused = 0;           // draws, or points of a grid, that the rules refused
  std::string refusal{};       // why they refused the first of these
  std::string drawn = "draw";  // what was refused: "point" of a grid
  Index different = 0;         // points whose settings no point before them has
};

// Takes `count` draws that the rules allow, or all of a grid that they allow where `count` is 0.
// Throws Error when the rules refuse every draw for long, or all of a grid.
MadePoints drawn_points(Draws& draws, Index count, const MakePoint& make);

// Makes the points of a list. Throws Error, naming its place, for a point that the rules refuse,
// and as `make` does where they refuse every point for the same reason.
MadePoints listed_points(const std::vector<ListedPoint>& list, const MakePoint& make);

}  // namespace edgeval
