#include "eval/score/comparison.hpp"

#include <algorithm>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

Compared compare_metric(const std::string& name, const Outputs& a, const Outputs& b,
                        const ComparisonOptions& options) {
  EDGEVAL_EXPECTS(a.references.size() == 1 || !is_error_metric(name), "--metric ", name,
                  ": takes one reference, the runs have ", a.references.size(), "; ",
                  who_takes_several());
  const MetricOptions rules = options.choice.rules();
  const Metric of_a = measure(name, a.references, a.hypotheses, rules);
  const Metric of_b = measure(name, b.references, b.hypotheses, rules);
  Compared compared{name, of_a.title, of_a.signature,
                    compare_paired(of_a.statistics, of_b.statistics, of_a.score, options.paired)};
  for (Index n = 0; n < of_a.statistics.sentences(); ++n)
    compared.differing += !std::ranges::equal(of_a.statistics[n], of_b.statistics[n]);
  if (const PairedComparison& figures = compared.figures; figures.difference)
    compared.accuracy_change = accuracy_change(*figures.a, *figures.b, is_error_metric(name));
  return compared;
}

void compare_work(Comparison& comparison, const Outputs& a, const Outputs& b,
                  const PairedOptions& options) {
  for (const auto& [kind, ignored] : b.work)
    if (!a.work.contains(kind)) comparison.work_left_out.push_back(kind);
  for (const auto& [kind, of_a] : a.work) {
    const auto of_b = b.work.find(kind);
    if (of_b == b.work.end()) {
      comparison.work_left_out.push_back(kind);
      continue;
    }
    Statistics statistics(2);
    for (std::size_t n = 0; n < of_a.size(); ++n) statistics.add({of_b->second[n], of_a[n]});
    const std::vector<double> sums = statistics.sum();
    comparison.work.push_back({kind, sums[1], sums[0], ratio_of_sums(sums),
                               bootstrap(statistics, ratio_of_sums,
                                         {.seed = options.seed, .resamples = options.resamples})});
  }
}

}  // namespace

std::vector<std::string> default_metrics(OutputSource source) {
  return source == OutputSource::kAudio ? kErrorMetrics : std::vector<std::string>{"bleu", "chrf"};
}

std::optional<double> accuracy_change(double before, double after, bool fewer_is_better) {
  if (before == 0) return std::nullopt;
  const double change = 100 * (after - before) / before;
  return fewer_is_better ? 0 - change : change;  // no minus zero
}

Comparison compare(const Outputs& a, const Outputs& b, const std::string& path_a,
                   const std::string& path_b, const ComparisonOptions& options) {
  expect_comparable(a, b, path_a, path_b);
  Comparison comparison{.utterances = a.ids.size(), .missing_a = a.missing, .missing_b = b.missing};
  for (std::size_t n = 0; n < a.ids.size(); ++n)
    comparison.differing += a.hypotheses[n] != b.hypotheses[n];
  for (const std::string& name : options.choice.metrics) {
    comparison.metrics.push_back(compare_metric(name, a, b, options));
    if (name == "wer")
      comparison.matched = matched_pairs(a.references.front(), a.hypotheses, b.hypotheses);
  }
  compare_work(comparison, a, b, options.paired);
  return comparison;
}

}  // namespace edgeval
