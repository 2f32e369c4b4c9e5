// Computes the perplexity exp(-sum of log-probabilities / number of tokens), with natural
// logarithms, of sentences that a model wrote or was given. Both forms follow OpenNMT's.
//   predicted   "PRED PPL", of the best hypotheses: the end of a sentence counts in the sum of
//               log-probabilities but not in the number of tokens
//   reference   "GOLD PPL", of the references: the end of a sentence counts in both
#pragma once

#include <optional>
#include <span>

#include "host/core/matrix.hpp"

namespace edgeval {

struct ScoredSentence {
  double log_probability = 0;  // summed over the tokens and the end of the sentence
  Index tokens = 0;            // number of tokens without the end of the sentence
};

// Both return nothing when there are no tokens.
std::optional<double> predicted_perplexity(std::span<const ScoredSentence> hypotheses);
std::optional<double> reference_perplexity(std::span<const ScoredSentence> references);

}  // namespace edgeval
