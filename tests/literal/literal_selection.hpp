// Memoization and dynamic precision as their papers write them, under the arithmetics that
// docs/techniques.md describes: one direction of one recurrent layer over one utterance, with every
// step executed, one neuron after the other. Nothing of an engine or of a technique's rule() is
// used.
#pragma once

#include <limits>

#include "host/engine/engine.hpp"

namespace edgeval::test {

struct LiteralSelection {
  Matrix<float> output;                      // [T, H or P], in time order
  std::uint64_t computed = 0, memoized = 0;  // numbers of neurons
  std::uint64_t high = 0, low = 0;           // numbers of cell elements with 8 and with 4 bits
  // Least distance of a value from the place where its decision would turn, as in LiteralDirection;
  // infinite in integer arithmetic.
  double margin = std::numeric_limits<double>::infinity();
};

LiteralSelection literal_memoized(const RecurrentLayer& layer, std::size_t direction,
                                  const Arithmetic& arithmetic, const Memoized& choice,
                                  MatrixView<const float> input);

// Runs dynamic precision with the selector `peaks`.
LiteralSelection literal_dynamic_precision(const RecurrentLayer& layer, std::size_t direction,
                                           const Arithmetic& arithmetic,
                                           const DynamicPrecision& choice,
                                           MatrixView<const float> input);

}  // namespace edgeval::test
