// The resamples of the paired bootstrap, drawn once for all systems that are compared on one test
// set (Koehn 2004). They are the draws that compare_paired makes from the same seed, so figures
// agree with those of `edgeval compare`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

// `resamples` times so many items, drawn with replacement from SplitMix64(seed). An item number
// takes 16 bits for up to 65,536 items, else 32.
class Resamples {
 public:
  // There must be at least one resample, and 0 to 2^32 items.
  Resamples(Index items, int resamples, std::uint64_t seed);

  Index items() const { return items_; }
  int count() const { return count_; }

  // Returns the weight of one more item that was not seen, in this resample: a number from
  // Beta(1, items), the least of so many uniform numbers of random_stream(seed, 2).
  double unseen(int resample) const { return unseen_[static_cast<std::size_t>(resample)]; }

  // Adds the statistics of every item that the resample draws to sums[width].
  void add_to(std::span<double> sums, const Statistics& statistics, int resample) const;

 private:
  Index items_;
  int count_;
  std::vector<std::uint16_t> narrow_;  // [resamples, items], or empty
  std::vector<std::uint32_t> wide_;    // [resamples, items], or empty
  std::vector<double> unseen_;         // [resamples]
};

// Calls visit(r, score(A*), score(B*)) for each resample r in which both systems have a score. The
// statistics have the resamples' items as rows.
void visit_resampled_scores(
    const Statistics& a, const Statistics& b, const Score& score, const Resamples& resamples,
    const std::function<void(int resample, double of_a, double of_b)>& visit);

}  // namespace edgeval
