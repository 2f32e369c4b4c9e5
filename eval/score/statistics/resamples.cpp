#include "eval/score/statistics/resamples.hpp"

#include <algorithm>
#include <limits>

#include "host/core/error.hpp"
#include "host/numeric/random.hpp"

namespace edgeval {
namespace {

template <class Item>
void draw(std::vector<Item>& drawn, Index items, int resamples, std::uint64_t seed) {
  drawn.resize(static_cast<std::size_t>(items) * static_cast<std::size_t>(resamples));
  SplitMix64 random(seed);
  for (Item& item : drawn)
    item = static_cast<Item>(random.below(static_cast<std::uint64_t>(items)));
}

template <class Item>
void add_drawn(std::span<double> sums, const Statistics& statistics, const std::vector<Item>& drawn,
               Index items, int resample) {
  const Item* first = drawn.data() + items * resample;
  for (Index i = 0; i < items; ++i) statistics.add_to(sums, static_cast<Index>(first[i]));
}

bool is_narrow(Index items) {
  return items <= Index{std::numeric_limits<std::uint16_t>::max()} + 1;
}

}  // namespace

Resamples::Resamples(Index items, int resamples, std::uint64_t seed)
    : items_(items), count_(resamples) {
  EDGEVAL_ASSERT(resamples > 0 && items >= 0);
  EDGEVAL_ASSERT(items <= Index{std::numeric_limits<std::uint32_t>::max()} + 1);
  if (is_narrow(items))
    draw(narrow_, items, resamples, seed);
  else
    draw(wide_, items, resamples, seed);
  SplitMix64 random = random_stream(seed, 2);
  unseen_.assign(static_cast<std::size_t>(resamples), 1.0);
  for (double& least : unseen_)
    for (Index i = 0; i < items; ++i) least = std::min(least, random.uniform());
}

void Resamples::add_to(std::span<double> sums, const Statistics& statistics, int resample) const {
  if (is_narrow(items_))
    add_drawn(sums, statistics, narrow_, items_, resample);
  else
    add_drawn(sums, statistics, wide_, items_, resample);
}

void visit_resampled_scores(
    const Statistics& a, const Statistics& b, const Score& score, const Resamples& resamples,
    const std::function<void(int resample, double of_a, double of_b)>& visit) {
  EDGEVAL_ASSERT(a.sentences() == resamples.items() && b.sentences() == resamples.items());
  EDGEVAL_ASSERT(a.width() == b.width());
  std::vector<double> sums_a(static_cast<std::size_t>(a.width())), sums_b(sums_a);
  for (int resample = 0; resample < resamples.count(); ++resample) {
    std::fill(sums_a.begin(), sums_a.end(), 0.0);
    std::fill(sums_b.begin(), sums_b.end(), 0.0);
    resamples.add_to(sums_a, a, resample);
    resamples.add_to(sums_b, b, resample);
    const std::optional<double> of_a = score(sums_a), of_b = score(sums_b);
    if (of_a && of_b) visit(resample, *of_a, *of_b);
  }
}

}  // namespace edgeval
