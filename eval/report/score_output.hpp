// What `edgeval score` prints for people: alignments in columns, a table of figures, their
// signatures.
#pragma once

#include <iosfwd>

#include "eval/score/metric.hpp"
#include "eval/score/metric_choice.hpp"

namespace edgeval {

struct ScoreOptions {
  MetricChoice choice{.metrics = {"wer"}};
  std::string hypothesis;       // path
  int decimals = 2;             // of bleu and chrf
  std::string format = "text";  // text | json
  std::uint64_t seed = 0;       // of the bootstrap intervals
  bool alignments = false;      // show every utterance's alignment too
  bool quiet = false;           // the figures alone, no notes
};

struct Scores {
  std::vector<TranscriptPair> pairs;    // one per file of references
  std::vector<Alignment> alignments{};  // when errors are wanted that alignment counts
  std::vector<Metric> errors{};         // those of them that are wanted, and ser
  std::vector<Metric> texts{};          // bleu, chrf, chrf++, exact

  const TranscriptPair& pair() const { return pairs.front(); }
};

void write_text(std::ostream& out, const ScoreOptions& options, const Scores& scores);

}  // namespace edgeval
