#include "eval/search/sampler/tpe.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "eval/search/sampler/coordinates.hpp"
#include "eval/search/sampler/parzen.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr std::size_t kOneGoodOf = 10, kMostGood = 25;
constexpr int kCandidates = 24;
constexpr int kMostRounds = 32;  // without a proposal
constexpr double kWidest = 0.2;  // bandwidth of one point

// Returns number^(-1 / degree) by bisection, for number >= 1: the library's pow differs in its last
// bits between machines.
double inverse_root(double number, std::size_t degree) {
  double low = 0, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double root = (low + high) / 2;
    double power = number;
    for (std::size_t factor = 0; factor < degree; ++factor) power *= root;
    (power < 1 ? low : high) = root;
  }
  return high;
}

// The known points, snapped, in the order of is_better.
std::vector<Observed> ordered(const std::vector<Dimension>& dimensions,
                              std::span<const Observed> known) {
  std::vector<Observed> points;
  for (const Observed& point : known) {
    expect_known(point, dimensions.size());
    points.push_back({snapped(dimensions, point.at), point.cost, point.violation});
  }
  std::ranges::sort(points, is_better);
  return points;
}

ParzenEstimate estimate_of(const std::vector<Dimension>& dimensions,
                           std::span<const Observed> points, std::size_t expected) {
  ParzenEstimate estimate(dimensions, kernel_widths(dimensions, expected));
  for (const Observed& point : points) estimate.add(point.at);
  return estimate;
}

// Candidates, that with the greatest ratio of densities first.
std::vector<Coordinates> candidates(const ParzenEstimate& good, const ParzenEstimate& bad,
                                    SplitMix64& random) {
  std::vector<std::pair<Scaled, Coordinates>> rated;
  for (int candidate = 0; candidate < kCandidates; ++candidate) {
    Coordinates at = good.draw(random);
    const Scaled ratio = good.density(at) / bad.density(at);
    rated.emplace_back(ratio, std::move(at));
  }
  std::ranges::stable_sort(rated, [](const auto& a, const auto& b) { return b.first < a.first; });
  std::vector<Coordinates> best_first;
  for (auto& [ratio, at] : rated) best_first.push_back(std::move(at));
  return best_first;
}

}  // namespace

std::size_t good_count(std::size_t known) {
  return std::min((known + kOneGoodOf - 1) / kOneGoodOf, kMostGood);
}

std::vector<double> kernel_widths(const std::vector<Dimension>& dimensions, std::size_t points) {
  const auto number = static_cast<double>(std::max<std::size_t>(points, 1));
  const double bandwidth = kWidest * inverse_root(number, dimensions.size() + 4);
  std::vector<double> widths;
  for (const Dimension& dimension : dimensions) {
    const auto values = static_cast<double>(dimension.values.size());
    widths.push_back(dimension.is_range() ? bandwidth : values / (values + number));
  }
  return widths;
}

std::vector<Coordinates> propose(const std::vector<Dimension>& dimensions,
                                 std::span<const Observed> known, std::size_t count,
                                 std::uint64_t seed, std::uint64_t batch, const Accepts& accepts) {
  EDGEVAL_ASSERT(!dimensions.empty());
  const std::vector<Observed> points = ordered(dimensions, known);
  const std::size_t best = good_count(points.size());
  const auto in_order = std::span(points);
  const ParzenEstimate good = estimate_of(dimensions, in_order.first(best), best);
  ParzenEstimate bad =
      estimate_of(dimensions, in_order.subspan(best), points.size() - best + count);

  SplitMix64 random = random_stream(seed, batch);
  std::set<std::vector<std::string>> proposed;
  const auto is_new = [&](const Coordinates& at) {
    auto settings = settings_at(dimensions, at);
    if (proposed.contains(settings) || !accepts(at)) return false;
    proposed.insert(std::move(settings));
    return true;
  };
  std::vector<Coordinates> proposals;
  for (int rounds = 0; proposals.size() < count && rounds < kMostRounds; ++rounds) {
    const std::vector<Coordinates> drawn = candidates(good, bad, random);
    const auto chosen = std::ranges::find_if(drawn, is_new);
    if (chosen == drawn.end()) continue;
    bad.add(*chosen);
    proposals.push_back(*chosen);
    rounds = -1;
  }
  return proposals;
}

}  // namespace edgeval
