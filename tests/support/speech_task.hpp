// Evaluates a speech model on a test set as `edgeval run` does.
#pragma once

#include "eval/command/evaluate.hpp"
#include "eval/task/ctc/ctc_session.hpp"
#include "tests/support/borrowed.hpp"

namespace edgeval::test {

// Returns points with the weights as trained.
inline std::vector<Point> points_of(const std::vector<OperatingPoint>& layers) {
  std::vector<Point> points;
  for (const OperatingPoint& each : layers) points.push_back({AsTrained{}, each});
  return points;
}

// Evaluates the points on the CPU with all its threads.
inline Evaluation evaluate_speech(const Model& model, const data::TestSet& set,
                                  const std::vector<OperatingPoint>& layers) {
  CtcSession session(borrowed(model), set, {}, {.device = "cpu"});
  return evaluate(session, points_of(layers));
}

}  // namespace edgeval::test
