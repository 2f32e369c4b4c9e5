// The pseudo-skip controller of P1 as its text writes it (docs/techniques.md, "Pseudo-skip"), in
// int16: modes step by step, a memory of pre-activations that full steps rebuild or move and
// pseudo-skips move. One direction, one utterance.
#pragma once

#include "host/engine/engine.hpp"

namespace edgeval::test {

struct LiteralPseudo {
  Matrix<float> output;         // [T, H or P], in time order
  std::vector<StepMode> modes;  // the same
  std::uint64_t macs16 = 0, macs8 = 0;
};

// delta: the operand, or null for as_is.
LiteralPseudo literal_pseudo(const RecurrentLayer& layer, std::size_t direction, int input_bits,
                             const SimilaritySkip& skip, const Delta* delta,
                             MatrixView<const float> input);

}  // namespace edgeval::test
