#include "eval/score/metrics/perplexity.hpp"

#include <cmath>

namespace edgeval {
namespace {

// `ends` is 1 if the end of a sentence counts as a token, else 0.
std::optional<double> perplexity(std::span<const ScoredSentence> sentences, Index ends) {
  double logarithms = 0;
  Index tokens = 0;
  for (const ScoredSentence& sentence : sentences) {
    logarithms += sentence.log_probability;
    tokens += sentence.tokens + ends;
  }
  if (tokens == 0) return std::nullopt;
  return std::exp(-logarithms / static_cast<double>(tokens));
}

}  // namespace

std::optional<double> predicted_perplexity(std::span<const ScoredSentence> hypotheses) {
  return perplexity(hypotheses, 0);
}

std::optional<double> reference_perplexity(std::span<const ScoredSentence> references) {
  return perplexity(references, 1);
}

}  // namespace edgeval
