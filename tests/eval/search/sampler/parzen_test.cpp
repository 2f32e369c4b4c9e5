// The Parzen estimate against its definition, with integrals taken numerically.
#include "eval/search/sampler/parzen.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "eval/search/sampler/coordinates.hpp"
#include "tests/eval/search/sampler/trade_off.hpp"

namespace edgeval::test {
namespace {

double plain(const Scaled& number) {
  return std::ldexp(number.fraction, static_cast<int>(number.exponent));
}

double log2_of(const Scaled& number) {
  return std::log2(number.fraction) + static_cast<double>(number.exponent);
}

// Simpson's rule.
double integral(const std::function<double(double)>& f, double from, double to, int parts = 2000) {
  double sum = f(from) + f(to);
  for (int i = 1; i < parts; ++i) sum += (i % 2 ? 4 : 2) * f(from + (to - from) * i / parts);
  return sum * (to - from) / parts / 3;
}

// The density of a kernel, constant over stretches, as the header of the estimate says it.
double literal_kernel(const Dimension& dimension, double u, double centre, double width) {
  const auto [from, to] = stretch_at(dimension, u);
  if (!dimension.is_range()) {
    const auto values = static_cast<double>(dimension.values.size());
    return width +
           (value_at(dimension, u) == value_at(dimension, centre) ? (1 - width) * values : 0);
  }
  const auto bell = [&](double at) {
    return std::pow(1 + std::pow((at - centre) / width, 2), -1.5);
  };
  const double all = integral(bell, 0, 1);
  return from < to ? integral(bell, from, to) / (to - from) / all : bell(u) / all;
}

double literal_density(const std::vector<Dimension>& dimensions,
                       const std::vector<Coordinates>& centres, const std::vector<double>& widths,
                       const Coordinates& at) {
  double sum = 1;
  for (const Coordinates& centre : centres) {
    double product = 1;
    for (std::size_t d = 0; d < at.size(); ++d)
      product *= literal_kernel(dimensions[d], at[d], centre[d], widths[d]);
    sum += product;
  }
  return sum / static_cast<double>(centres.size() + 1);
}

std::vector<Dimension> of_all_kinds() {
  return {real_range(0), whole_range(1, -1, 4), list_of(2, {"x", "y", "z"}),
          whole_range(3, 1, 20, true), real_range(4)};
}
const std::vector<double> kWidthsOfAllKinds{0.2, 0.1, 0.3, 0.4, 0.05};

ParzenEstimate estimate_around(const std::vector<Dimension>& dimensions,
                               const std::vector<Coordinates>& centres,
                               const std::vector<double>& widths) {
  ParzenEstimate estimate(dimensions, widths);
  for (const Coordinates& centre : centres) estimate.add(centre);
  return estimate;
}

std::vector<Coordinates> snapped_points(const std::vector<Dimension>& dimensions, int count,
                                        std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<Coordinates> points;
  for (int i = 0; i < count; ++i) {
    Coordinates at(dimensions.size());
    for (double& u : at) u = random.uniform();
    points.push_back(snapped(dimensions, at));
  }
  return points;
}

TEST(ParzenEstimate, HasTheDensityOfItsDefinition) {
  const auto dimensions = of_all_kinds();
  for (const int count : {0, 1, 7}) {
    const auto centres = snapped_points(dimensions, count, 1);
    const auto estimate = estimate_around(dimensions, centres, kWidthsOfAllKinds);
    auto places = snapped_points(dimensions, 20, 2);
    places.insert(places.end(), centres.begin(), centres.end());
    for (const Coordinates& at : places) {
      const double expected = literal_density(dimensions, centres, kWidthsOfAllKinds, at);
      EXPECT_NEAR(plain(estimate.density(at)), expected, 1e-8 * expected);
    }
  }
}

TEST(ParzenEstimate, IntegratesToOneOverEachDimension) {
  for (const Dimension& dimension :
       {real_range(0), whole_range(0, 2, 8), whole_range(0, 1, 20, true), whole_range(0, 1, 500),
        list_of(0, {"x", "y", "z"}), list_of(0, {"x"})})
    for (const double centre : {0.0, 0.07, 0.5, 0.999}) {
      const auto estimate =
          estimate_around({dimension}, {snapped({dimension}, Coordinates{centre})}, {0.1});
      // Counted values by their stretches, ranges by Simpson's rule.
      double all = 0;
      if (const auto count = value_count(dimension); count && *count < 100)
        for (std::uint64_t value = 0; value < *count; ++value) {
          const Stretch stretch{bound_below(dimension, value), bound_below(dimension, value + 1)};
          all += (stretch.to - stretch.from) * plain(estimate.density({middle(stretch)}));
        }
      else
        all = integral([&](double u) { return plain(estimate.density({u})); }, 0, 1);
      EXPECT_NEAR(all, 1, 1e-9);
    }
}

// Of 20000 draws, a bin of probability q has 20000 q expected, with a standard deviation of at most
// sqrt(20000 q); five of these are allowed.
TEST(ParzenEstimate, DrawsAsItsDensitySays) {
  constexpr int kDraws = 20000, kBins = 20;
  for (const Dimension& dimension : {real_range(0), whole_range(0, 1, 20, true),
                                     whole_range(0, 1, 500), list_of(0, {"x", "y", "z"})}) {
    const auto estimate = estimate_around({dimension}, snapped_points({dimension}, 3, 8),
                                          {dimension.is_range() ? 0.05 : 0.3});
    SplitMix64 random(3);
    std::map<double, int> counts;
    const auto count = value_count(dimension);
    const bool counted = count && *count < 100;
    for (int i = 0; i < kDraws; ++i) {
      const Coordinates at = estimate.draw(random);
      ASSERT_TRUE(at[0] >= 0 && at[0] < 1);
      ASSERT_EQ(snapped(dimension, at[0]), at[0]);
      ++counts[counted ? at[0] : (std::floor(at[0] * kBins) + 0.5) / kBins];
    }
    for (const auto& [place, drawn] : counts) {
      const Stretch bin = counted ? stretch_at(dimension, place)
                                  : Stretch{place - 0.5 / kBins, place + 0.5 / kBins};
      const double expected =
          kDraws * (counted ? plain(estimate.density({place})) * (bin.to - bin.from)
                            : integral([&](double u) { return plain(estimate.density({u})); },
                                       bin.from, bin.to, 200));
      EXPECT_NEAR(drawn, expected, 5 * std::sqrt(expected) + 1) << place;
    }
  }
}

// In logarithms nothing gets out of the range of doubles.
TEST(ParzenEstimate, HoldsProductsThatDoublesAreTooNarrowFor) {
  std::vector<Dimension> dimensions;
  for (std::size_t d = 0; d < 400; ++d)
    dimensions.push_back(d % 2 ? real_range(d) : list_of(d, {"x", "y", "z", "u", "v"}));
  const std::vector<double> widths(400, 1e-3);
  const auto points = snapped_points(dimensions, 2, 4);
  const auto estimate = estimate_around(dimensions, {points[0]}, widths);
  double at_centre = 0;
  for (std::size_t d = 0; d < 400; ++d) {
    const auto bell = [&](double u) {
      return std::pow(1 + std::pow((u - points[0][d]) / widths[d], 2), -1.5);
    };
    at_centre -= d % 2 ? std::log2(integral(bell, 0, 1, 20000)) : -std::log2(1e-3 + 0.999 * 5);
  }
  EXPECT_GT(at_centre, 2000);
  EXPECT_NEAR(log2_of(estimate.density(points[0])), at_centre - 1, 1e-3);
  EXPECT_NEAR(log2_of(estimate.density(points[1])), -1, 1e-12);  // of the uniform component
}

TEST(Scaled, IsAddedMultipliedDividedAndComparedAsItsNumber) {
  const std::vector<double> numbers{0, 1, 0.75, 3, 1e-300, 1e300, 1e-5, 7e10};
  for (const double a : numbers)
    for (const double b : numbers) {
      EXPECT_EQ(plain(scaled(a) + scaled(b)), a + b);
      EXPECT_EQ(scaled(a) < scaled(b), a < b);
    }
  EXPECT_EQ(plain(scaled(3) * scaled(7) / scaled(4)), 5.25);
  const Scaled large = scaled(1e300) * scaled(1e300) * scaled(1e300);
  EXPECT_NEAR(log2_of(large), 900 * std::log2(10), 1e-9);
  EXPECT_NEAR(plain(large / scaled(1e300) / scaled(1e300) / scaled(1e300)), 1, 1e-14);
}

}  // namespace
}  // namespace edgeval::test
