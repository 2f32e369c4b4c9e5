// Which figures are wanted of texts that lie in files, and by which rules they are counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/text/unpacked.hpp"
#include "eval/score/metric.hpp"
#include "eval/score/text/transcripts.hpp"

namespace edgeval {

struct MetricChoice {
  std::vector<std::string> references{};  // paths
  std::string input_format = "auto";      // auto | kaldi | trn | lines | nemo | run
  std::vector<std::string> metrics{};
  std::string align = "unit";  // unit | sclite
  std::string tokenize = "13a";
  std::string smooth = "exp";
  std::optional<double> smooth_value{};
  bool lower_case = false;
  bool effective_order = false;
  TextRules text{};  // of wer, cer, ser, symbol and exact
  data::TextBudget budget{};

  bool wants(const std::string& metric) const;
  bool wants_any(const std::vector<std::string>& of) const;

  // The rules as the metrics take them; throws Error for a smoothing value where none belongs.
  MetricOptions rules() const;

  // Throws Error for --case or --normalize where the metrics have rules of their own.
  void expect_text_rules_fit() const;

  // `hypothesis` beside each file of references. Texts to be scored as translations are plain lines
  // unless said to be otherwise. Throws Error for several references where a metric takes one.
  std::vector<TranscriptPair> read(const std::string& hypothesis) const;
};

// [which one][sentence]
std::vector<std::vector<std::string>> references_of(const std::vector<TranscriptPair>& pairs);

}  // namespace edgeval
