// Speech to text, as `edgeval run` does it, of a model with a test set.
#pragma once

#include "eval/command/evaluate.hpp"
#include "eval/task/ctc/ctc_session.hpp"

namespace edgeval::test {

// Points of the weights as trained.
inline std::vector<Point> points_of(const std::vector<OperatingPoint>& layers) {
  std::vector<Point> points;
  for (const OperatingPoint& each : layers) points.push_back({AsTrained{}, each});
  return points;
}

// On the CPU, its threads all.
inline Evaluation evaluate_speech(const Model& model, const data::TestSet& set,
                                  const std::vector<OperatingPoint>& layers) {
  CtcSession session(model, set, {}, {.device = "cpu"});
  return evaluate(session, points_of(layers));
}

}  // namespace edgeval::test
