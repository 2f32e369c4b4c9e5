// Perplexity exp(-sum of log-probabilities / sum of tokens), natural logarithms, of sentences that
// a model wrote or was given.
//   predicted   as OpenNMT prints "PRED PPL": the score of the best hypothesis counts its
//   end-of-sentence token, the
//               length does not
//   reference   per token of the reference, the end of the sentence among them: OpenNMT's "GOLD
//   PPL"
#pragma once

#include <optional>
#include <span>

#include "host/core/matrix.hpp"

namespace edgeval {

struct ScoredSentence {
  double log_probability = 0;  // summed over the tokens and the end of the sentence
  Index tokens = 0;            // without the end of the sentence
};

// Nothing without tokens.
std::optional<double> predicted_perplexity(std::span<const ScoredSentence> hypotheses);
std::optional<double> reference_perplexity(std::span<const ScoredSentence> references);

}  // namespace edgeval
