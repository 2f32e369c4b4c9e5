// One translation model, one set of sentences, some candidates, as a straight line: open -> ids ->
// encode -> search -> text -> score.
#pragma once

#include <string>
#include <vector>

#include "datasets/text/subwords.hpp"
#include "datasets/text/text_set.hpp"
#include "eval/score/metric.hpp"
#include "host/engine/translate/translator.hpp"

namespace edgeval {

struct TranslationOptions {
  Index batch = 0;         // sentences at once; 0: a few hundred, on a GPU as many as it takes
  std::uint64_t seed = 0;  // of the bootstrap
  bool quiet = false;      // no progress
  bool replace_unknown =
      false;  // an unknown word becomes the source's at the position attended most
  bool reference_perplexity = false;  // of the first reference, a pass of its own
};

// A translator of the network, or of one with other weights, and what it is asked to do.
struct TranslationCandidate {
  const Translator* translator;
  OperatingPoint point;
  SearchOptions search;
};

struct TranslationOutcome {
  std::vector<std::vector<std::string>> texts;  // of each sentence the n best, best first
  std::vector<Translation> translations;
  std::vector<Metric> metrics;  // bleu, chrf, exact; none without references
  std::optional<double> predicted_perplexity, reference_perplexity;
  Activity total;
  SearchCounts counts;
  double seconds = 0;  // of encoder and search

  std::vector<std::string> hypotheses() const;  // the best of each sentence
};

// Sentences whose best hypothesis was cut off at the greatest length, of those that were searched.
struct CutOff {
  std::size_t sentences = 0, of = 0;
};
CutOff cut_off(const TranslationOutcome& outcome);

struct TranslationEvaluation {
  std::vector<TranslationOutcome> outcomes;  // one per candidate
  std::vector<Index> source_tokens;          // of each sentence
  double total_seconds = 0;                  // wall time
};

// The ids of every line, with bos and eos where the model wants them; none of a line without words.
// Throws Error when no line has any.
std::vector<Sentence> source_sentences(const data::Subwords& source, const data::TextSet& set);

TranslationEvaluation evaluate(const TranslationModel& model, const data::TextSet& set,
                               const std::vector<TranslationCandidate>& candidates,
                               const TranslationOptions& options);

}  // namespace edgeval
