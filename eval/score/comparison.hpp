// Two systems on one test set: the differences of their scores with intervals and tests of
// significance, the work of B over that of A, and a limit of what B may lose against A.
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

struct Compared {
  std::string name, title, signature;
  PairedComparison figures;
  std::size_t differing = 0;  // utterances that count otherwise in A than in B
  // How the accuracy changes from A to B in percent of that of A, minus where B is worse (equation
  // 22 of Rezk et al. 2020, with A before and B after the optimization):
  // (-1)^alpha (score(B) - score(A)) / score(A) * 100, alpha 1 where lower scores are better, else
  // 0. Nothing where score(A) is 0.
  std::optional<double> accuracy_change{};
};

// Work of B over that of A.
struct WorkRatio {
  std::string kind;
  double a, b;
  std::optional<double> ratio;
  std::optional<Interval> interval;
};

struct Comparison {
  std::size_t utterances = 0;
  std::size_t differing = 0;  // utterances whose hypotheses are not the same text
  std::vector<std::string> missing_a{}, missing_b{};
  std::vector<Compared> metrics{};
  std::optional<MatchedPairs> matched{};     // when WER is compared
  std::vector<WorkRatio> work{};             // of runs
  std::vector<std::string> work_left_out{};  // kinds of work that only one of the runs has
};

std::vector<std::string> default_metrics(OutputSource source);

// Throws Error for outputs that do not belong together, or a metric that takes one reference where
// there are several. The paths stand in messages.
Comparison compare(const Outputs& a, const Outputs& b, const std::string& path_a,
                   const std::string& path_b, const ComparisonOptions& options);

std::optional<double> accuracy_change(double before, double after, bool fewer_is_better);

}  // namespace edgeval
