// The pseudo-skip controller of P1 as its text describes it (docs/techniques.md, "Pseudo-skip"), in
// int16, for one direction and one utterance. Modes are decided step by step; full steps rebuild or
// move a memory of pre-activations, and pseudo-skips move it.
#pragma once

#include "host/engine/engine.hpp"

namespace edgeval::test {

struct LiteralPseudo {
  Matrix<float> output;         // [T, H or P], in time order
  std::vector<StepMode> modes;  // mode of each step, in time order
  std::uint64_t macs16 = 0, macs8 = 0;
};

// Runs one direction of a layer on the input [T, C]. `delta` is the operand, or null for as_is.
LiteralPseudo literal_pseudo(const RecurrentLayer& layer, std::size_t direction, int input_bits,
                             const SimilaritySkip& skip, const Delta* delta,
                             MatrixView<const float> input);

}  // namespace edgeval::test
