#include "eval/score/metric.hpp"

#include <algorithm>

#include "eval/score/quality.hpp"
#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

ChrfOptions chrf_options(const std::string& name, const MetricOptions& options) {
  return {.word_order = name == "chrf++" ? 2 : 0, .lower_case = options.bleu.lower_case};
}

// [wrong, of how many] of every sentence.
template <class Count>
Statistics counted(References references, std::span<const std::string> hypotheses, Count count) {
  EDGEVAL_ASSERT(references.size() == 1 && references[0].size() == hypotheses.size());
  Statistics statistics(2);
  for (std::size_t n = 0; n < hypotheses.size(); ++n)
    statistics.add(count(references[0][n], hypotheses[n]));
  return statistics;
}

Metric error_metric(const std::string& name, References references,
                    std::span<const std::string> hypotheses, const MetricOptions& options) {
  const EditCosts costs = options.costs;
  const auto row = [](std::uint64_t errors, std::uint64_t of) {
    return std::array{static_cast<double>(errors), static_cast<double>(of)};
  };
  const auto words = [&](const std::string& reference, const std::string& hypothesis) {
    const EditCounts counts = word_counts(reference, hypothesis, costs);
    return row(counts.errors(), counts.reference);
  };
  const auto characters = [&](const std::string& reference, const std::string& hypothesis) {
    const EditCounts counts = character_counts(reference, hypothesis, costs);
    return row(counts.errors(), counts.reference);
  };
  const auto sentence = [&](const std::string& reference, const std::string& hypothesis) {
    return row(split_words(reference) != split_words(hypothesis), 1);
  };
  if (name == "wer")
    return {name, "WER", word_signature(costs, options.text),
            counted(references, hypotheses, words), percent_of_sums};
  if (name == "cer")
    return {name, "CER", character_signature(costs, options.text),
            counted(references, hypotheses, characters), percent_of_sums};
  return {name, "SER", sentence_signature(options.text), counted(references, hypotheses, sentence),
          percent_of_sums};
}

Metric exact_match(References references, std::span<const std::string> hypotheses,
                   const TextRules& text) {
  Statistics statistics(2);
  for (std::size_t n = 0; n < hypotheses.size(); ++n) {
    const auto words = split_words(hypotheses[n]);
    const bool exact = std::ranges::any_of(
        references, [&](const auto& reference) { return split_words(reference[n]) == words; });
    statistics.add({exact ? 1.0 : 0.0, 1.0});
  }
  return {"exact", "exact", exact_signature(references.size(), text), std::move(statistics),
          percent_of_sums};
}

}  // namespace

bool is_error_metric(const std::string& name) {
  return std::ranges::find(kErrorMetrics, name) != kErrorMetrics.end();
}

Metric measure(const std::string& name, References references,
               std::span<const std::string> hypotheses, const MetricOptions& options) {
  if (is_error_metric(name)) return error_metric(name, references, hypotheses, options);
  if (name == "exact") return exact_match(references, hypotheses, options.text);
  if (name == "bleu")
    return {name, "BLEU", bleu_signature(options.bleu, references.size()),
            bleu_statistics(references, hypotheses, options.bleu),
            [bleu = options.bleu](std::span<const double> sums) {
              return bleu_score(sums, bleu).value;
            }};
  EDGEVAL_ASSERT(name == "chrf" || name == "chrf++");
  const ChrfOptions chrf = chrf_options(name, options);
  return {name, chrf_name(chrf), chrf_signature(chrf, references.size()),
          chrf_statistics(references, hypotheses, chrf), chrf_score};
}

}  // namespace edgeval
