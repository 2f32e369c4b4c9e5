#include "eval/command/sweep/sweep_points.hpp"

#include <algorithm>
#include <set>

#include "eval/policy/settings.hpp"
#include "eval/search/probe.hpp"
#include "eval/search/vary.hpp"
#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

// Whether the axis of a key such as layers.lstm1.plan.threshold acts on the model's layer.
bool suits_layer(const Model& model, const std::string& key) {
  const Layer* layer = nullptr;
  std::string axis;
  bool in_stack = false;
  for (std::size_t l = 0; l < model.layers.size(); ++l)
    for (const std::string& name :
         {layer_name(model.layers[l]), "\"" + layer_name(model.layers[l]) + "\""})
      if (const std::string start = "layers." + name + "."; key.starts_with(start)) {
        layer = &model.layers[l];
        in_stack = l < model.stack().size();
        axis = key.substr(start.size(), key.find('.', start.size()) - start.size());
      }
  if (layer == nullptr) return false;
  const LayerAxes axes = layer_axes(*layer);
  if (axis == "plan") return axes.no_plan == nullptr && in_stack;
  if (axis == "nonlinearity") return axes.no_nonlinearity == nullptr;
  return axis != "operand" || axes.general_operand;
}

}  // namespace

std::vector<Dimension> varied_dimensions(const std::vector<std::string>& vary, const Model& model,
                                         const MakePoint& make, std::string& refused) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers) names.push_back(layer_name(layer));
  std::vector<Dimension> dimensions =
      parse_vary(vary, names, [&](const std::string& key) { return suits_layer(model, key); });
  refused = probe(dimensions, make);
  return dimensions;
}

MadePoints make_points(const PointChoice& choice, std::uint64_t seed, const Model& model,
                       const MakePoint& make) {
  EDGEVAL_EXPECTS(choice.vary.empty() == choice.list.has_value(),
                  choice.list ? "--vary and --list: name one of them"
                              : "--vary or --list is wanted: what is swept over, such as --vary "
                                "plan.threshold=0.3:0.9");
  if (choice.list) {
    EDGEVAL_EXPECTS(choice.points == 0, "--points: --list says how many points there are");
    return listed_points(read_point_list(*choice.list), make);
  }
  std::string refused;
  const std::vector<Dimension> dimensions = varied_dimensions(choice.vary, model, make, refused);
  // A grid is tried to its end.
  EDGEVAL_EXPECTS(
      refused.empty() || choice.draw == "grid",
      "the rules of policies refused every point that was tried, the first for: ", refused);
  if (choice.draw == "grid") {
    EDGEVAL_EXPECTS(choice.points == 0,
                    "--points: a grid has as many points as its STEPS and lists say");
    return drawn_points(*grid_draws(dimensions), 0, make);
  }
  EDGEVAL_EXPECTS(choice.points > 0,
                  "--points is wanted: how many points are drawn; or take --draw grid");
  const auto draws =
      choice.draw == "random" ? random_draws(dimensions, seed) : sobol_draws(dimensions, seed);
  return drawn_points(*draws, choice.points, make);
}

std::string AllPoints::name(std::size_t place) const {
  if (place < drawn()) return std::to_string(place + 1);
  const bool several = points.size() > drawn() + 1;
  return several ? concat("dense ", widest_of(points[place].search->beam)) : "dense";
}

std::vector<std::string> AllPoints::keys() const {
  std::vector<std::string> keys;
  std::set<std::string> known;
  for (const std::vector<std::string>& of_point : settings)
    for (const std::string& setting : of_point) {
      const std::string key = setting.substr(0, find_unquoted(setting, '='));
      if (known.insert(key).second) keys.push_back(key);
    }
  return keys;
}

bool AllPoints::have_floats() const {
  return std::ranges::any_of(points, [](const Point& point) {
    return std::ranges::any_of(point.layers.layers, [](const LayerPolicy& layer) {
      return std::holds_alternative<Fp32>(layer.arithmetic);
    });
  });
}

std::string points_text(std::span<const std::vector<std::string>> settings) {
  std::string text;
  for (std::size_t p = 0; p < settings.size(); ++p) {
    const nlohmann::ordered_json line{{"point", p + 1},
                                      {"settings", settings_to_json(settings[p])}};
    text += line.dump() + "\n";
  }
  return text;
}

AllPoints with_references(Session& session, std::vector<SweepPoint> points, bool wanted) {
  AllPoints all;
  for (SweepPoint& point : points) {
    all.points.push_back(std::move(point.point));
    all.settings.push_back(std::move(point.settings));
  }
  for (const Point& point : all.points)
    EDGEVAL_EXPECTS(point.search.has_value() == all.points.front().search.has_value(),
                    "some points of the sweep have a beam and others have none; make a sweep of "
                    "each kind");
  if (!wanted) return all;
  std::map<int, std::size_t> by_width;  // of the beam; 0 for a task without one
  for (std::size_t p = 0; p < all.drawn(); ++p) {
    const Point reference = reference_of(session.trained(), all.points[p]);
    const int width = reference.search ? widest_of(reference.search->beam) : 0;
    const auto [known, is_new] = by_width.try_emplace(width, all.points.size());
    if (is_new) all.points.push_back(reference);
    all.reference.push_back(known->second);
  }
  return all;
}

}  // namespace edgeval
