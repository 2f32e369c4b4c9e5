// What the programs share that time whole calls of the GPU engine's run(): the points, and the
// comparison with the CPU engine that comes before a time is printed.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/engine/engine.hpp"
#include "tests/support/borrowed.hpp"

namespace edgeval::bench {

struct NamedArithmetic {
  std::string name;
  Arithmetic arithmetic;
};

// Returns the arithmetics, the goals' first, since the time on a device may end before the last.
// Features and outputs of layers lie within 2 of 0, so that one integer bit beside the sign
// suffices.
inline std::vector<NamedArithmetic> arithmetics() {
  return {
      {"int8", Int8{{.input_bits = 6}}}, {"int16", Int16{{.input_bits = 14}}}, {"fp32", Fp32{}}};
}

inline OperatingPoint dense(const Model& model, const Arithmetic& arithmetic) {
  OperatingPoint point = dense_point(model);
  for (LayerPolicy& layer : point.layers) layer.arithmetic = arithmetic;
  return point;
}

// Returns a point under which every recurrent layer runs one step and then skips `skipped` steps,
// whatever their inputs are.
inline OperatingPoint skipping(const Model& model, const Arithmetic& arithmetic, int skipped) {
  OperatingPoint point = dense(model, arithmetic);
  for (std::size_t i = 0; i < point.layers.size(); ++i)
    if (std::holds_alternative<RecurrentLayer>(model.layers[i]))
      point.layers[i].plan = SimilaritySkip{.threshold = -1,
                                            .max_consecutive = static_cast<double>(skipped),
                                            .shift = 10,
                                            .fraction_bits = 12};
  return point;
}

// Throws Error when outputs or counts of the first `lanes` lanes are not those of the CPU engine.
// In fp32 outputs may be 1e-4 apart.
inline void expect_as_cpu(const Model& model, const OperatingPoint& point,
                          const Ragged<float>& features, const BatchResult& gpu, Index lanes) {
  const Ragged<float> some = slice(features, 0, std::min(lanes, features.sequences()));
  const BatchResult cpu = make_cpu_engine(test::borrowed(model), {})->run(some, point);
  double worst = 0;
  for (Index i = 0; i < cpu.outputs.values.size(); ++i) {
    const double error =
        std::abs(static_cast<double>(cpu.outputs.values.data()[i]) - gpu.outputs.values.data()[i]);
    EDGEVAL_EXPECTS(error == error, "an output is not a number");
    worst = std::max(worst, error);
  }
  const bool exact = !std::holds_alternative<Fp32>(point.layers.front().arithmetic);
  EDGEVAL_EXPECTS(worst <= (exact ? 0 : 1e-4), "outputs differ from the CPU engine's by ", worst);
  for (Index n = 0; n < some.sequences(); ++n)
    EDGEVAL_EXPECTS(cpu.activity[n] == gpu.activity[n], "counts of lane ", n,
                    " differ from the CPU engine's");
}

}  // namespace edgeval::bench
