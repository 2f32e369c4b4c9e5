// Says which metrics are wanted for texts in files, and by which rules they are counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/text/unpacked.hpp"
#include "eval/score/metric.hpp"
#include "eval/score/text/transcripts.hpp"

namespace edgeval {

struct MetricChoice {
  std::vector<std::string> references{};  // paths of the files
  std::string input_format = "auto";      // auto, kaldi, trn, lines, nemo or run
  std::vector<std::string> metrics{};     // names of the metrics
  std::string align = "unit";             // unit or sclite
  std::string tokenize = "13a";
  std::string smooth = "exp";
  std::optional<double> smooth_value{};
  bool lower_case = false;
  bool effective_order = false;
  TextRules text{};  // for wer, cer, ser, symbol and exact
  data::TextBudget budget{};

  bool wants(const std::string& metric) const;
  bool wants_any(const std::vector<std::string>& of) const;

  // Returns the rules as metrics take them. Throws Error when a smoothing value is given
  // with a kind of smoothing that takes none.
  MetricOptions rules() const;

  // Throws Error when a rule of counting is given that concerns none of the metrics, and when
  // --case or --normalize is given with bleu, chrf or chrf++, which have rules of their own.
  void expect_rules_fit() const;

  // Reads the file `hypothesis` once beside each file of references. Where no error rate is wanted
  // among metrics for translations, the format `auto` takes texts for plain lines. Throws Error
  // when several references are given and a metric takes one.
  std::vector<TranscriptPair> read(const std::string& hypothesis) const;
};

// Returns the references of all pairs as [which one][sentence].
std::vector<std::vector<std::string>> references_of(const std::vector<TranscriptPair>& pairs);

}  // namespace edgeval
