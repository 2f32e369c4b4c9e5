// `edgeval score`: how good a file of hypotheses is: error rates of transcripts, scores of
// translations.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "eval/metric_options.hpp"
#include "eval/quality.hpp"
#include "eval/text_score.hpp"

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
  std::vector<TranscriptPair> pairs;  // one per file of references
  std::optional<Quality> quality{};   // when the errors are wanted that alignment counts
  std::vector<TextScore> texts{};

  const TranscriptPair& pair() const { return pairs.front(); }
};

// Adds the subcommand to `app`; when it is parsed it runs and writes to standard output.
void setup_score(CLI::App& app);

void run_score(const ScoreOptions& options, std::ostream& out);

}  // namespace edgeval
