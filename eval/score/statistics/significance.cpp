#include "eval/score/statistics/significance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// In points. The rounding error of a score of some hundred points is below 1e-12, and one error
// among 10^10 words makes more than 1e-9.
constexpr double kRounding = 1e-9;

bool as_large(double size, double observed) { return size >= observed - kRounding; }

// Returns (1 + beyond) / (1 + all). It is never 0, since the observed outcome is one of those that
// chance can bring about.
double p_value(std::ptrdiff_t beyond, std::size_t all) {
  return static_cast<double>(beyond + 1) / static_cast<double>(all + 1);
}

// Returns score(B*) - score(A*) of every resample that has both scores.
std::vector<double> resampled_differences(const Statistics& a, const Statistics& b,
                                          const Score& score, const PairedOptions& options) {
  SplitMix64 random(options.seed);
  const Index sentences = a.sentences();
  std::vector<double> differences;
  for (int resample = 0; resample < options.resamples; ++resample) {
    std::vector<double> sums_a(static_cast<std::size_t>(a.width())), sums_b(sums_a);
    for (Index draw = 0; draw < sentences; ++draw) {
      const auto n = static_cast<Index>(random.below(static_cast<std::uint64_t>(sentences)));
      a.add_to(sums_a, n);
      b.add_to(sums_b, n);
    }
    const std::optional<double> score_a = score(sums_a), score_b = score(sums_b);
    if (score_a && score_b) differences.push_back(*score_b - *score_a);
  }
  return differences;
}

double bootstrap_p(std::span<const double> differences, double observed) {
  if (observed <= kRounding) return 1;
  std::vector<double> sizes;
  for (const double difference : differences) sizes.push_back(std::abs(difference));
  const double mean =
      std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
  return p_value(
      std::ranges::count_if(sizes, [&](double size) { return as_large(size - mean, observed); }),
      sizes.size());
}

std::optional<double> randomization_p(const Statistics& a, const Statistics& b, const Score& score,
                                      double observed, const PairedOptions& options) {
  SplitMix64 random = random_stream(options.seed, 1);
  std::ptrdiff_t beyond = 0;
  std::size_t scored = 0;
  for (int trial = 0; trial < options.trials; ++trial) {
    std::vector<double> sums_a(static_cast<std::size_t>(a.width())), sums_b(sums_a);
    std::uint64_t coins = 0;  // one random bit for each sentence, the lowest bit first
    for (Index n = 0; n < a.sentences(); ++n, coins >>= 1) {
      if (n % 64 == 0) coins = random.next();
      const bool swap = (coins & 1) != 0;
      a.add_to(swap ? sums_b : sums_a, n);
      b.add_to(swap ? sums_a : sums_b, n);
    }
    const std::optional<double> score_a = score(sums_a), score_b = score(sums_b);
    if (!score_a || !score_b) continue;
    ++scored;
    beyond += as_large(std::abs(*score_a - *score_b), observed);
  }
  if (scored == 0) return std::nullopt;
  return p_value(beyond, scored);
}

}  // namespace

PairedComparison compare_paired(const Statistics& a, const Statistics& b, const Score& score,
                                const PairedOptions& options) {
  EDGEVAL_ASSERT(a.sentences() == b.sentences() && a.width() == b.width());
  EDGEVAL_ASSERT(options.resamples > 0 && options.trials > 0);
  PairedComparison result{.a = score(a.sum()), .b = score(b.sum())};
  if (!result.a || !result.b) return result;
  result.difference = *result.b - *result.a;
  const double observed = std::abs(*result.difference);
  result.p_randomization = randomization_p(a, b, score, observed, options);
  if (a.sentences() < 2) return result;
  result.resampled = resampled_differences(a, b, score, options);
  if (result.resampled.empty()) return result;
  result.interval = percentile_interval(result.resampled, options.confidence);
  result.p_bootstrap = bootstrap_p(result.resampled, observed);
  return result;
}

}  // namespace edgeval
