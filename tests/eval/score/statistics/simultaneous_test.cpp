#include "eval/score/statistics/simultaneous.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "eval/score/statistics/loss_bound.hpp"
#include "host/core/files/file.hpp"
#include "host/numeric/random.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

Statistics of_errors(const std::vector<double>& errors, const std::vector<double>& words) {
  Statistics statistics(2);
  for (std::size_t n = 0; n < errors.size(); ++n) statistics.add({errors[n], words[n]});
  return statistics;
}

TEST(SimultaneousLosses, AreThoseOfNumpy) {
  const auto record =
      nlohmann::json::parse(read_file(source_folder() / "tests/golden/simultaneous.json"));
  const std::vector<double> words = record["words"];
  const Statistics dense = of_errors(record["dense"], words);
  const int count = record["resamples"];
  const double confidence = record["confidence"], scale = record["scale"];
  const Resamples resamples(dense.sentences(), count, record["seed"].get<std::uint64_t>());
  SimultaneousLosses losses(count);
  for (std::size_t j = 0; j < record["points"].size(); ++j) {
    const Statistics point = of_errors(record["points"][j], words);
    const auto& figures = record["figures"][j];
    const auto bound = [&](LossKind kind) {
      return *upper_bound(dense, point, percent_of_sums, kind, resamples, confidence, scale);
    };
    EXPECT_NEAR(bound({}).loss, figures["loss"].get<double>(), 1e-9);
    EXPECT_NEAR(bound({}).bound, figures["bound"].get<double>(), 1e-9);
    EXPECT_NEAR(bound({.relative = true}).bound, figures["relative"].get<double>(), 1e-9);
    losses.add(bound({}).loss, resampled_losses(dense, point, percent_of_sums, {}, resamples));
  }
  EXPECT_NEAR(losses.two_sided_quantile(confidence), record["quantiles"][0].get<double>(), 1e-9);
  EXPECT_NEAR(losses.upper_quantile(confidence), record["quantiles"][1].get<double>(), 1e-9);
  const auto intervals = losses.intervals(confidence);
  const auto upper = losses.upper_bounds(confidence);
  ASSERT_EQ(losses.size(), record["figures"].size());
  for (std::size_t j = 0; j < losses.size(); ++j) {
    const auto& figures = record["figures"][j];
    EXPECT_NEAR(losses.error(j), figures["error"].get<double>(), 1e-9);
    ASSERT_EQ(intervals[j].has_value(), !figures["interval"].is_null());
    ASSERT_EQ(upper[j].has_value(), intervals[j].has_value());
    if (!intervals[j]) continue;
    EXPECT_NEAR(intervals[j]->low, figures["interval"][0].get<double>(), 1e-9);
    EXPECT_NEAR(intervals[j]->high, figures["interval"][1].get<double>(), 1e-9);
    EXPECT_NEAR(*upper[j], figures["upper"].get<double>(), 1e-9);
  }
}

// Losses of 1, 2 and 3 in three resamples have the mean square 1 around their mean, so |T| of a
// loss of 2 is 1, 0, 1 and T' = 1, 0, -1; twice the losses have the same T.
TEST(SimultaneousLosses, AFewResamplesByHand) {
  SimultaneousLosses losses(3);
  EXPECT_EQ(losses.two_sided_quantile(0.5), 0);
  losses.add(2, std::vector<double>{1, 2, 3});
  losses.add(4, std::vector<double>{2, 4, 6});
  losses.add(7, std::vector<double>{7, 7, 7});
  EXPECT_DOUBLE_EQ(losses.two_sided_quantile(0.5), 1);
  EXPECT_DOUBLE_EQ(losses.upper_quantile(0.5), 0);
  EXPECT_DOUBLE_EQ(losses.upper_quantile(0.75), 0.5);
  const auto intervals = losses.intervals(0.5);
  EXPECT_EQ(*intervals[0], (Interval{1, 3}));
  EXPECT_EQ(*intervals[1], (Interval{2, 6}));
  EXPECT_FALSE(intervals[2]);
  EXPECT_DOUBLE_EQ(*losses.upper_bounds(0.75)[1], 5);
  // A resample without a score is left out for this point alone.
  losses.add(0, std::vector<double>{0, std::numeric_limits<double>::quiet_NaN(), 4});
  EXPECT_DOUBLE_EQ(losses.error(3), std::sqrt(8.0));
  EXPECT_DOUBLE_EQ(losses.two_sided_quantile(1), std::sqrt(2.0));
}

// Twenty independent normal losses, the true one 0: all intervals hold it in 90 % of the cases,
// where those of single points at 90 % would in 0.9^20 = 12 %. Resamples are normal around the
// loss.
TEST(SimultaneousLosses, AllHoldAtOnceAsOftenAsTheySay) {
  constexpr int kPoints = 20, kResamples = 300, kCases = 400;
  SplitMix64 random(8);
  const auto normal = [&] {  // the sum of 12 uniform numbers, of variance 1
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += random.uniform();
    return sum;
  };
  int all_hold = 0, all_below = 0;
  std::vector<double> noise(kResamples);
  for (int c = 0; c < kCases; ++c) {
    SimultaneousLosses losses(kResamples);
    for (int j = 0; j < kPoints; ++j) {
      const double loss = normal();
      for (double& each : noise) each = loss + normal();
      losses.add(loss, noise);
    }
    all_hold += std::ranges::all_of(losses.intervals(0.9), [](const auto& interval) {
      return interval->low <= 0 && 0 <= interval->high;
    });
    all_below += std::ranges::all_of(losses.upper_bounds(0.9),
                                     [](const auto& bound) { return 0 <= *bound; });
  }
  const double noise_of_share = std::sqrt(0.9 * 0.1 / kCases);
  EXPECT_NEAR(all_hold / double{kCases}, 0.9, 4 * noise_of_share);
  EXPECT_NEAR(all_below / double{kCases}, 0.9, 4 * noise_of_share);
}

}  // namespace
}  // namespace edgeval::test
