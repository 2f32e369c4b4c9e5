// Measures hypotheses by named metrics. A metric consists of statistics for each utterance, which
// add up, and of a score of their sums; values, intervals and tests of significance are made of
// these. References are given as [which one][utterance]; a missing hypothesis is an empty text.
//   wer, cer, ser      word, character and sentence error rate in percent, against one reference
//   symbol             wer of words that stand for symbols
//   bleu, chrf, chrf++ scores as sacrebleu computes them, against one reference or several
//   exact              percentage of sentences whose words are those of one of the references
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/score/metrics/bleu.hpp"
#include "eval/score/metrics/chrf.hpp"
#include "eval/score/metrics/wer.hpp"
#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/text/text_rules.hpp"

namespace edgeval {

// What is known of a metric by its name.
struct MetricKind {
  std::string_view name;
  bool counts_errors = false;  // lower scores are better; it takes one reference, others several
  bool of_sentences = false;   // it is a percentage of sentences, each of which is right or wrong
  bool as_sacrebleu = false;   // texts are changed as sacrebleu does it, not by TextRules
};
inline constexpr MetricKind kMetricKinds[] = {
    {.name = "wer", .counts_errors = true},
    {.name = "cer", .counts_errors = true},
    {.name = "ser", .counts_errors = true, .of_sentences = true},
    {.name = "symbol", .counts_errors = true},
    {.name = "bleu", .as_sacrebleu = true},
    {.name = "chrf", .as_sacrebleu = true},
    {.name = "chrf++", .as_sacrebleu = true},
    {.name = "exact", .of_sentences = true}};

// Returns what is known of the metric. Nothing is known of a metric that a task has of its own.
MetricKind metric_kind(const std::string& name);
bool is_error_metric(const std::string& name);
// Returns the names of all metrics that count errors, or of all others.
std::vector<std::string> metric_names(bool counts_errors);
// Returns "bleu, chrf, chrf++ and exact take several", of references.
std::string who_takes_several();

inline const std::vector<std::string> kErrorMetrics{"wer", "cer", "ser"};  // those of speech
// The metrics for which hypotheses are aligned with their first references, and the others.
inline const std::vector<std::string> kAlignedMetrics = metric_names(true);
inline const std::vector<std::string> kTextMetrics = metric_names(false);

struct MetricOptions {
  EditCosts costs = EditCosts::kUnit;  // prices of edits, for wer, cer, ser and symbol
  // How the texts were changed before, for the signatures of wer, cer, ser, symbol and exact.
  TextRules text{};
  BleuOptions bleu{};  // options of bleu; lower_case is for chrf and chrf++, too
};

// A metric of a whole set.
struct Metric {
  std::string name;
  std::string title;  // for people: "WER", "chrF2++"
  // The rules of counting: "edgeval-wer|align:unit|unit:word|case:kept|..."
  std::string signature;
  Statistics statistics;  // one row per utterance
  Score score;
  std::optional<double> value{};      // score of the whole set; nothing when it would divide by 0
  std::optional<Interval> ci95{};     // 95 % bootstrap interval over utterances, once it is drawn
  std::optional<EditCounts> edits{};  // errors by kind, for wer, cer and symbol
  std::optional<BleuScore> bleu{};    // parts of the score, for bleu
};

// Measures the hypotheses by the metric `name`, without an interval. `aligned`, if not empty, has
// the alignment of the words of each hypothesis with its first reference; wer, ser and symbol then
// count its errors instead of aligning anew.
Metric measure(const std::string& name, References references,
               std::span<const std::string> hypotheses, const MetricOptions& options,
               std::span<const Alignment> aligned = {});

// Returns the metric's 95 % interval by the bootstrap over utterances with this seed, or nothing
// where there is none.
std::optional<Interval> drawn_interval(const Metric& metric, std::uint64_t seed);

// Measures the hypotheses by several metrics, with their intervals. `seed` is that of the
// bootstrap.
std::vector<Metric> measure_all(const std::vector<std::string>& names, References references,
                                std::span<const std::string> hypotheses,
                                const MetricOptions& options, std::uint64_t seed,
                                std::span<const Alignment> aligned = {});

// Returns the metric with this name, or null.
const Metric* find_metric(std::span<const Metric> metrics, const std::string& name);

// Aligns the words of every hypothesis with its reference.
std::vector<Alignment> align_all(std::span<const std::string> references,
                                 std::span<const std::string> hypotheses, EditCosts costs);
// Returns the number of references without words. Insertions against them count as errors.
std::uint64_t empty_references(std::span<const Alignment> alignments);

// Returns the metric's line for people: for bleu and chrf the value with its signature as sacrebleu
// prints it, for error rates and exact the signature alone.
std::string line(const Metric& metric, int decimals = 2);

// Returns {"value", the metric's own keys, "ci95", "signature", "line"}. A value or an interval
// that does not exist is null. The line's score has so many decimals.
nlohmann::ordered_json to_json(const Metric& metric, int decimals = 2);

// Returns {"errors", "substitutions", "deletions", "insertions", "words", "alignment": "CCSDI"} for
// one utterance.
nlohmann::ordered_json to_json(const Alignment& alignment);

}  // namespace edgeval
