// The points of a sweep as the command line asks for them, with the references that they are
// measured against.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/search/points.hpp"
#include "eval/search/policy_points.hpp"

namespace edgeval {

struct PointChoice {
  std::vector<std::string> vary;
  std::optional<std::string> list;  // a file
  std::string draw = "sobol";       // grid, random or sobol
  Index points = 0;                 // how many are drawn; 0: not given
};

// Returns the dimensions of these --vary, of a model's policies. `refused` receives the reason
// where the rules of policies refused all points that were tried, and is empty otherwise. Throws
// Error as parse_vary and probe do.
std::vector<Dimension> varied_dimensions(const std::vector<std::string>& vary, const Model& model,
                                         const MakePoint& make, std::string& refused);

// Makes the points that are asked for. Throws Error naming the option that is wrong or missing.
MadePoints make_points(const PointChoice& choice, std::uint64_t seed, const Model& model,
                       const MakePoint& make);

// Returns points.jsonl, the settings of each point on a line with its number.
std::string points_text(std::span<const std::vector<std::string>> settings);

// The points of a sweep, then their references.
struct AllPoints {
  std::vector<Point> points;
  std::vector<std::vector<std::string>> settings;  // of the points without the references
  std::vector<std::size_t> reference;              // place of each point's reference; or empty
  std::size_t drawn() const { return settings.size(); }
  // Returns "17", or "dense", or "dense 5" for a search whose points have several widths.
  std::string name(std::size_t place) const;
  // Returns the keys that vary, in the order in which they first stand.
  std::vector<std::string> keys() const;
  // Whether a point has products of fp32, whose bits differ from device to device.
  bool have_floats() const;
};

// Adds the references, unless none are wanted: one for all points, and for a search one for each of
// their greatest widths.
AllPoints with_references(Session& session, std::vector<SweepPoint> points, bool wanted);

}  // namespace edgeval
