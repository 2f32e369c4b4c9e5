// The metrics of hypotheses by name, each as statistics per utterance that add up and a score of
// their sums: what values, intervals and tests of significance are made of. References as [which
// one][utterance]; a missing hypothesis is an empty text.
//   wer, cer, ser      word, character and sentence error rate, in percent; one reference
//   symbol             wer of words that stand for symbols
//   bleu, chrf, chrf++ as sacrebleu has them; one reference or several
//   exact              percent of sentences whose words are those of a reference; one or several
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/score/metrics/bleu.hpp"
#include "eval/score/metrics/chrf.hpp"
#include "eval/score/metrics/wer.hpp"
#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/text/text_rules.hpp"

namespace edgeval {

inline const std::vector<std::string> kErrorMetrics{"wer", "cer", "ser"};
inline const std::vector<std::string> kTextMetrics{"bleu", "chrf", "chrf++", "exact"};

bool is_error_metric(const std::string& name);  // fewer is better

struct MetricOptions {
  EditCosts costs = EditCosts::kUnit;  // of wer, cer, ser, symbol
  TextRules text{};                    // what was done to the texts of these and of exact before
  BleuOptions bleu{};                  // lower_case is of chrf and chrf++ too
};

// A metric of a whole set.
struct Metric {
  std::string name;
  std::string title;  // for people: "WER", "chrF2++"
  std::string
      signature;  // by what it was counted: "edgeval-wer|align:unit|unit:word|case:kept|..."
  Statistics statistics;  // one row per utterance
  Score score;
  std::optional<double> value{};      // of all; nothing where there is no reference to divide by
  std::optional<Interval> ci95{};     // 95 % bootstrap interval over utterances, once it is drawn
  std::optional<EditCounts> edits{};  // of wer, cer and symbol: their errors by kind
  std::optional<BleuScore> bleu{};    // of bleu: what its value is made of
};

// aligned: the words of hypotheses and first references, one per utterance, where they were aligned
// before; wer, ser and symbol then count these.
Metric measure(const std::string& name, References references,
               std::span<const std::string> hypotheses, const MetricOptions& options,
               std::span<const Alignment> aligned = {});

// Several at once, with their intervals. seed: of the bootstrap.
std::vector<Metric> measure_all(const std::vector<std::string>& names, References references,
                                std::span<const std::string> hypotheses,
                                const MetricOptions& options, std::uint64_t seed,
                                std::span<const Alignment> aligned = {});

// Of this name; null where there is none.
const Metric* find_metric(std::span<const Metric> metrics, const std::string& name);

// The alignments of all utterances' words, and how many references have none, whose insertions
// count all the same.
std::vector<Alignment> align_all(std::span<const std::string> references,
                                 std::span<const std::string> hypotheses, EditCosts costs);
std::uint64_t empty_references(std::span<const Alignment> alignments);

// The value with its signature; of bleu and chrf as sacrebleu prints it. Of error rates and of
// exact the signature alone.
std::string line(const Metric& metric, int decimals = 2);

// {"value", what the metric has, "ci95", "signature", "line"}; what does not exist is null.
// decimals: of the line.
nlohmann::ordered_json to_json(const Metric& metric, int decimals = 2);

// {"errors", "substitutions", "deletions", "insertions", "words", "alignment": "CCSDI"} of one
// utterance.
nlohmann::ordered_json to_json(const Alignment& alignment);

}  // namespace edgeval
