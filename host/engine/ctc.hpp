// Greedy CTC decoding: the best token of every frame, repeats merged, blanks removed (Graves et al.
// 2006, section 3.2).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

// logits [T, V], any monotone form of the probabilities; of equal values the lowest id wins.
// Returns at most T ids.
std::vector<int> ctc_greedy(MatrixView<const float> logits, int blank);

// The tokens one after the other; the token " " ends a word. Words come single-spaced.
std::string tokens_to_text(std::span<const int> ids, std::span<const std::string> tokens);

}  // namespace edgeval
