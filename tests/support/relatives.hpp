// Many operating points of which several agree on their first layers, or differ only in parameters
// that lanes side by side may differ in.
#pragma once

#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

// Returns a model whose points share layers.
inline Model model_of_relatives() {
  return random_model({.inputs = 7,
                       .lstm = {{9, kBothDirections}, {6, kForwardOnly}, {8, kBothDirections}},
                       .outputs = 5},
                      6);
}

// Returns points of which each has the choices of an earlier one but for those of one layer, so
// that many share their first layers.
inline std::vector<OperatingPoint> relatives(Random& random, const Model& model, Kind kind,
                                             int count) {
  std::vector<OperatingPoint> points{random_point(random, model, kind)};
  while (std::ssize(points) < count) {
    OperatingPoint point = random.of(points);
    const auto layer = static_cast<std::size_t>(random.whole(0, std::ssize(model.layers) - 1));
    point.layers[layer] = random_point(random, model, kind).layers[layer];
    points.push_back(std::move(point));
  }
  return points;
}

// Returns such points with integers. Every second one has the widths of the first one, so that
// lanes of several points run side by side.
inline std::vector<OperatingPoint> integer_relatives(Random& random, const Model& model, Kind kind,
                                                     int count) {
  std::vector<OperatingPoint> points = relatives(random, model, kind, count);
  for (std::size_t p = 0; p < points.size(); ++p) {
    make_integer(random, p % 4 == 1 ? IntegerKind::kBoth : IntegerKind::kInt8, points[p]);
    for (std::size_t l = 0; p % 2 == 0 && l < model.layers.size(); ++l)
      points[p].layers[l].arithmetic = points[0].layers[l].arithmetic;
  }
  return points;
}

// Returns points with operands that select and with pseudo-skips, for a model of two recurrent
// layers. Some of them agree in all parameters but those of the plan.
inline std::vector<OperatingPoint> selecting_points(const Model& model) {
  std::vector<OperatingPoint> points;
  for (const double threshold : {0.1, 0.4, 0.4, 0.8}) {
    for (const bool memoized : {true, false}) {
      OperatingPoint& point = points.emplace_back(dense_point(model));
      for (std::size_t l = 0; l < 2; ++l)
        if (memoized)
          point.layers[l].operand = Memoized{.threshold = threshold};
        else
          point.layers[l].operand = DynamicPrecision{.margin = threshold, .input_alpha = 2};
    }
    for (const double clip : {0.0, 0.05}) {
      OperatingPoint& point = points.emplace_back(dense_point(model));
      for (LayerPolicy& layer : point.layers) layer.arithmetic = Int16{{.input_bits = 12}};
      for (std::size_t l = 0; l < 2; ++l) {
        point.layers[l].plan = SimilaritySkip{.threshold = 0.9,
                                              .fraction_bits = 12,
                                              .pseudo_threshold = threshold,
                                              .pseudo_clip = clip,
                                              .delta_scale = 0.03125};
        point.layers[l].operand = Delta{.threshold_x = threshold, .threshold_h = 0.1};
      }
    }
  }
  return points;
}

}  // namespace edgeval::test
