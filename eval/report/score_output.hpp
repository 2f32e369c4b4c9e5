// Writes what `edgeval score` prints for people: alignments in columns, a table of figures, and
// their signatures.
#pragma once

#include <iosfwd>

#include "eval/score/metric.hpp"
#include "eval/score/metric_choice.hpp"

namespace edgeval {

struct ScoreOptions {
  MetricChoice choice{.metrics = {"wer"}};
  std::string hypothesis;       // path of the file
  int decimals = 2;             // decimals of bleu and chrf
  std::string format = "text";  // text or json
  std::uint64_t seed = 0;       // seed of the bootstrap
  bool alignments = false;      // whether every utterance's alignment is shown
  bool quiet = false;           // whether notes are left out
};

struct Scores {
  std::vector<TranscriptPair> pairs;    // one for each file of references
  std::vector<Alignment> alignments{};  // alignment of each utterance, if an error rate is wanted
  std::vector<Metric> errors{};         // error rates that are wanted, and ser with them
  std::vector<Metric> texts{};          // which of bleu, chrf, chrf++ and exact are wanted

  const TranscriptPair& pair() const { return pairs.front(); }
};

void write_text(std::ostream& out, const ScoreOptions& options, const Scores& scores);

}  // namespace edgeval
