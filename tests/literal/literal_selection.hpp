// Memoization and dynamic precision as their papers write them, and the integer arithmetics as
// docs/techniques.md writes them: one direction of one recurrent layer over one utterance, every
// step executed, one neuron after the other. Nothing of an engine or of a technique's rule is used.
#pragma once

#include <limits>

#include "host/engine/engine.hpp"

namespace edgeval::test {

struct LiteralSelection {
  Matrix<float> output;                      // [T, H or P], in time order
  std::uint64_t computed = 0, memoized = 0;  // neurons
  std::uint64_t high = 0, low = 0;           // cell elements
  // As LiteralDirection has it: least distance of a value decided upon from where the decision
  // turns. Infinite in integer arithmetic.
  double margin = std::numeric_limits<double>::infinity();
};

LiteralSelection literal_memoized(const RecurrentLayer& layer, std::size_t direction,
                                  const Arithmetic& arithmetic, const Memoized& choice,
                                  MatrixView<const float> input);

// The peak selector only.
LiteralSelection literal_dynamic_precision(const RecurrentLayer& layer, std::size_t direction,
                                           const Arithmetic& arithmetic,
                                           const DynamicPrecision& choice,
                                           MatrixView<const float> input);

}  // namespace edgeval::test
