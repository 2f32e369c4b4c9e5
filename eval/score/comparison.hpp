// Compares two systems, A and B, on one test set: the differences of their scores with intervals
// and tests of significance, and the work of B over the work of A.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/score/metrics/mapsswe.hpp"
#include "eval/score/outputs.hpp"
#include "eval/score/statistics/significance.hpp"

namespace edgeval {

struct ComparisonOptions {
  MetricChoice choice{};
  PairedOptions paired{};
};

// The comparison in one metric.
struct Compared {
  std::string name, title, signature;
  PairedComparison figures;
  std::size_t differing = 0;  // number of utterances whose statistics differ between A and B
  // Change of the accuracy from A to B in percent of the score of A, negative if B is worse, as
  // accuracy_change() returns it.
  std::optional<double> accuracy_change{};
};

// The work of B over the work of A.
struct WorkRatio {
  std::string kind;  // "MACs", "joules of reuse32"
  double a, b;       // sum over all utterances
  std::optional<double> ratio;
  std::optional<Interval> interval;
};

struct Comparison {
  std::size_t utterances = 0;
  std::size_t differing = 0;  // number of utterances whose hypotheses are not the same text
  std::vector<std::string> missing_a{}, missing_b{};  // ids without a hypothesis
  std::vector<Compared> metrics{};
  std::optional<MatchedPairs> matched{};     // there when WER is compared
  std::vector<WorkRatio> work{};             // empty unless both A and B are runs
  std::vector<std::string> work_left_out{};  // kinds of work that only one of the runs has
};

// Returns the names of the metrics that are compared when none is named.
std::vector<std::string> default_metrics(OutputSource source);

// Compares B with A; messages name the paths. Throws Error when the outputs do not belong together,
// and when a metric takes one reference where there are several.
Comparison compare(const Outputs& a, const Outputs& b, const std::string& path_a,
                   const std::string& path_b, const ComparisonOptions& options);

// Returns (-1)^alpha (after - before) / before * 100, where alpha is 1 if lower scores are better,
// else 0 (equation 22 of Rezk et al. 2020), or nothing when `before` is 0.
std::optional<double> accuracy_change(double before, double after, bool fewer_is_better);

}  // namespace edgeval
