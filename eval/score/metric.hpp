// The scores of texts by name, each as statistics per sentence and a score of their sums: what
// intervals and tests of significance are made of.
//   wer, cer, ser      word, character and sentence error rate, in percent; one reference
//   bleu, chrf, chrf++ as sacrebleu has them; one reference or several
//   exact              percent of sentences whose words are those of a reference; one or several
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/score/bleu.hpp"
#include "eval/score/chrf.hpp"
#include "eval/score/statistics/statistics.hpp"
#include "eval/score/text/text_rules.hpp"
#include "eval/score/wer.hpp"

namespace edgeval {

inline const std::vector<std::string> kErrorMetrics{"wer", "cer", "ser"};
inline const std::vector<std::string> kTextMetrics{"bleu", "chrf", "chrf++", "exact"};

bool is_error_metric(const std::string& name);  // fewer is better

struct MetricOptions {
  EditCosts costs = EditCosts::kUnit;  // of wer, cer, ser
  TextRules text{};    // what was done to the texts of wer, cer, ser and exact before
  BleuOptions bleu{};  // lower_case is of chrf and chrf++ too
};

struct Metric {
  std::string name;
  std::string title;  // for people: "WER", "chrF2++"
  std::string signature;
  Statistics statistics;
  Score score;
};

// References as [which one][sentence]; error metrics take one.
Metric measure(const std::string& name, References references,
               std::span<const std::string> hypotheses, const MetricOptions& options);

}  // namespace edgeval
