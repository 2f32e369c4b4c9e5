// `edgeval score`: the error rates of a file of hypotheses against a file of references.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace edgeval {

struct ScoreOptions {
  std::string reference;                    // path
  std::string hypothesis;                   // path
  std::string input_format = "auto";        // auto | kaldi | trn | lines
  std::string align = "unit";               // unit | sclite
  std::vector<std::string> metrics{"wer"};  // of wer, cer
  std::string format = "text";              // text | json
  std::uint64_t seed = 0;                   // of the bootstrap intervals
  bool alignments = false;                  // show every utterance's alignment too
  bool quiet = false;                       // the figures alone, no notes
};

// Adds the subcommand to `app`; when it is parsed it runs and writes to standard output.
void setup_score(CLI::App& app);

void run_score(const ScoreOptions& options, std::ostream& out);

}  // namespace edgeval
