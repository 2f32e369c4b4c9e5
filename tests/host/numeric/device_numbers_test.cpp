// Tests, without a GPU, what the GPU's kernels compute in another form than the CPU engine:
// activations from paired tables, pre-activations of four cells at once, reuse without a division.
// All results must have the same bits as the CPU's.
#include <gtest/gtest.h>

#include <cmath>

#include "cuda/kernel/step_numbers.hpp"
#include "host/engine/product/layer_arithmetic.hpp"
#include "host/technique/reuse_levels.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

TEST(ActivationPairs, AreTheTablesForEveryPreactivation) {
  const auto pairs = activation_pairs();
  const ActivationPairs together{pairs.data(), pairs.data() + kSigmoidPairs};
  const ActivationTables& tables = activation_tables();
  const auto expect_same = [&](std::int32_t z) {
    ASSERT_EQ(table_sigmoid(together, z), table_sigmoid(tables, z)) << z;
    ASSERT_EQ(table_tanh(together, z), table_tanh(tables, z)) << z;
  };
  for (std::int32_t z = -(17 << kStateBits); z <= 17 << kStateBits; ++z)
    if (table_sigmoid(together, z) != table_sigmoid(tables, z) ||
        table_tanh(together, z) != table_tanh(tables, z))
      expect_same(z);
  for (const std::int32_t z : {INT32_MIN, INT32_MIN + 1, -(1 << 30), 1 << 30, INT32_MAX})
    expect_same(z);
}

// Returns random sums, among them the least and greatest sums that bytes can have over 64 inputs.
std::vector<std::int32_t> byte_sums(Random& random, Index count) {
  constexpr std::int32_t kMost = 64 * 128 * 128;
  std::vector<std::int32_t> sums(static_cast<std::size_t>(count));
  for (std::int32_t& sum : sums)
    sum = random.chance(0.1) ? (random.chance(0.5) ? kMost : -kMost)
                             : static_cast<std::int32_t>(random.uniform(-kMost, kMost));
  return sums;
}

template <class Sum>
struct CommonNumbers {
  std::vector<std::int64_t> bias;
  FixedNumbers<Sum> numbers;
  CommonNumbers(Random& random, Index rows, int up_x, int up_h, int sum_bits, int h_bits) {
    const double most = std::ldexp(1.0, sum_bits + 1);
    for (Index o = 0; o < rows; ++o)
      bias.push_back(static_cast<std::int64_t>(random.uniform(-most, most)));
    numbers = {.bias = bias.data(),
               .offset = nullptr,
               .up_x = up_x,
               .up_h = up_h,
               .sum_bits = sum_bits,
               .inverse = 0,
               .h_bits = h_bits,
               .h_inverse = 1.0F / static_cast<float>(1 << h_bits),
               .tables = activation_tables()};
  }
};

TEST(StepNumbers, OfBytesAreTheCpus) {
  Random random(5);
  constexpr Index kRows = 64;
  for (const auto& [up_x, up_h, sum_bits] : {std::array{0, 7, 21}, {3, 0, 25}, {8, 8, 29}}) {
    const CommonNumbers<std::int32_t> common(random, kRows, up_x, up_h, sum_bits, 7);
    std::vector<std::uint32_t> narrow(common.bias.begin(), common.bias.end());
    const auto step = gpu::step_numbers(common.numbers, nullptr, narrow.data());
    for (int round = 0; round < 200; ++round) {
      std::vector<std::int32_t> wx = byte_sums(random, kRows), uh = byte_sums(random, kRows);
      // The kernel is not used where sums might exceed 32 bits.
      for (std::size_t o = 0; o < wx.size(); ++o)
        while (std::abs(common.numbers.aligned(wx[o], uh[o]) + common.bias[o]) >=
               (std::int64_t{1} << 31) - (std::int64_t{1} << (sum_bits - kStateBits)))
          wx[o] /= 2, uh[o] /= 2;
      for (int at = 0; at < kRows; at += gpu::kFour) {
        const auto z = step.preactivations(gpu::Together{}, wx.data(), uh.data(), at);
        for (int i = 0; i < gpu::kFour; ++i)
          ASSERT_EQ(z[i], common.numbers.preactivation(wx[at + i], uh[at + i], at + i));
      }
    }
  }
}

TEST(StepNumbers, OfWordsAreTheCpus) {
  Random random(6);
  constexpr Index kRows = 64;
  for (const auto& [up_x, up_h, sum_bits] :
       {std::array{0, 0, 30}, {0, 3, 28}, {14, 0, 44}, {1, 14, 55}}) {
    const CommonNumbers<std::int64_t> common(random, kRows, up_x, up_h, sum_bits, 15);
    const auto step = gpu::step_numbers(common.numbers, nullptr, nullptr);
    for (int round = 0; round < 100; ++round) {
      // Sums of the upper and of the lower digits, [2 outputs] each.
      const auto x_upper = byte_sums(random, 2 * kRows), x_lower = byte_sums(random, 2 * kRows),
                 h_upper = byte_sums(random, 2 * kRows), h_lower = byte_sums(random, 2 * kRows);
      const gpu::DigitSums wx{x_upper.data(), x_lower.data(), kRows},
          uh{h_upper.data(), h_lower.data(), kRows};
      for (int at = 0; at < kRows; at += gpu::kFour) {
        const auto z = step.preactivations(gpu::Together{}, wx, uh, at);
        for (int i = 0; i < gpu::kFour; ++i) {
          const std::int64_t sum =
              common.numbers.aligned(wx[at + i], uh[at + i]) + common.bias[at + i];
          const std::int64_t wide = round_shift(sum, sum_bits - kStateBits);
          if (wide == saturate(wide, 32)) {
            ASSERT_EQ(z[i], common.numbers.preactivation(wx[at + i], uh[at + i], at + i));
          }
        }
      }
    }
  }
}

TEST(StepNumbers, OfTheLastCellsReadNoFurther) {
  const FloatNumbers numbers{.bias = nullptr};
  gpu::FloatStepNumbers step = gpu::step_numbers(numbers, nullptr, nullptr);
  const std::vector<float> wx{1, 2}, uh{0.5F, 0.25F}, bias{8, 16};
  step.bias = bias.data();
  const auto z = step.preactivations(gpu::OneByOne{2}, wx.data(), uh.data(), 0);
  EXPECT_EQ(z[0], 9.5F);
  EXPECT_EQ(z[1], 18.25F);
}

// Expects the index and centroid that the rule itself finds by a division in double precision.
void expect_levels(const Reuse& choice, const std::vector<float>& values) {
  const Reuse::Rule rule = choice.rule();
  const auto same = [](float centroid) { return centroid; };
  const std::vector<ReuseLevel> levels = reuse_levels(rule, same, same);
  ASSERT_EQ(static_cast<double>(levels.size()), choice.clusters);
  const LevelReuse quick = level_reuse(rule, levels, levels.data());
  Reuse::Rule::State state, quick_state;
  for (const float value : values) {
    const Operand expected = rule.next(value, Source::kInput, state);
    const Operand found = quick.next(value, Source::kInput, quick_state);
    ASSERT_EQ(found.value, expected.value) << value << " of " << choice.clusters;
    ASSERT_EQ(found.changed, expected.changed) << value << " of " << choice.clusters;
    ASSERT_EQ(quick_state.index, state.index - rule.lowest);
  }
}

TEST(LevelReuse, IsReuseAroundEveryBoundary) {
  Random random(7);
  for (const auto& [low, high] : {std::array{-1.0, 1.25},
                                  {-1.0, 1.0},
                                  {0.0, 1e-30},
                                  {-3e5, 7.0},
                                  {1000.0, 1000.016},
                                  {-0.1, 0.2},
                                  {1e9, 1e9 + 64}})
    for (const int clusters : {1, 2, 3, 12, 16, 100, 4096, 65536}) {
      const Reuse choice{
          .clusters = static_cast<double>(clusters), .range_min = low, .range_max = high};
      if (choice.problem() != nullptr) continue;
      const Reuse::Rule rule = choice.rule();
      std::vector<float> values{-INFINITY, INFINITY, 0.0F, -0.0F, 1e-40F, -3e38F, 3e38F};
      for (std::int32_t index = rule.lowest; index <= rule.highest + 1; ++index) {
        const auto boundary = static_cast<float>(rule.step * (index - 0.5));
        float below = boundary, above = boundary;
        values.push_back(boundary);
        for (int i = 0; i < 3; ++i) {
          below = std::nextafter(below, -INFINITY);
          above = std::nextafter(above, INFINITY);
          values.insert(values.end(), {below, above});
        }
      }
      for (int i = 0; i < 20000; ++i)
        values.push_back(static_cast<float>(random.uniform(2 * low - high, 2 * high - low)));
      expect_levels(choice, values);
    }
}

// Tests every code of 16 and of 8 bits, in formats of x and h.
TEST(LevelReuse, IsReuseOnGridsForEveryCode) {
  const Reuse choice{.clusters = 24, .range_min = -1.7, .range_max = 2.1};
  for (const auto& [bits, x_bits] : {std::array{16, 12}, {16, 15}, {8, 5}, {8, 7}, {8, -2}}) {
    const OnGrid<Reuse::Rule> rule = rule_on_grid(choice, bits, x_bits, bits - 1);
    const std::vector<ReuseLevel> levels = reuse_levels(
        choice.rule(), [&](float centroid) { return rule.x.snap_half_up(centroid); },
        [&](float centroid) { return rule.h.snap_half_up(centroid); });
    OnGrid<LevelReuse> quick{{}, rule.x, rule.h};
    quick.inner = level_reuse(choice.rule(), levels, levels.data());
    for (const Source source : {Source::kInput, Source::kRecurrent}) {
      Reuse::Rule::State state, quick_state;
      const int fraction_bits = source == Source::kInput ? x_bits : bits - 1;
      for (std::int64_t code = lowest_of(bits); code <= highest_of(bits); ++code) {
        const auto value =
            static_cast<float>(std::ldexp(static_cast<double>(code), -fraction_bits));
        const Operand expected = rule.next(rule.seen(value, source), source, state);
        const Operand found = quick.next(quick.seen(value, source), source, quick_state);
        ASSERT_EQ(found.value, expected.value) << code;
        ASSERT_EQ(found.changed, expected.changed) << code;
      }
    }
  }
}

TEST(LevelReuse, StaysWithinItsLevelsForWhatIsNoNumber) {
  const Reuse choice{.clusters = 5, .range_min = 1, .range_max = 2};
  const auto same = [](float centroid) { return centroid; };
  const auto levels = reuse_levels(choice.rule(), same, same);
  const LevelReuse quick = level_reuse(choice.rule(), levels, levels.data());
  Reuse::Rule::State state;
  quick.next(std::nanf(""), Source::kInput, state);
  EXPECT_GE(state.index, 0);
  EXPECT_LT(state.index, 5);
}

}  // namespace
}  // namespace edgeval::test
