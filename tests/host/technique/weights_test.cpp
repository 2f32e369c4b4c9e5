// Tests the choices of the weights axis: values, bits and operations of matrices worked out by
// hand, and what holds for any matrix.
#include "host/technique/weights/weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/numeric/random.hpp"
#include "tests/support/random_values.hpp"

namespace edgeval {
namespace {

using test::random_values;

struct Stored {
  std::vector<float> values;
  StoredMatrix matrix;
};

Stored store(const Weights& weights, std::vector<float> values, std::int64_t rows) {
  const auto cols = rows > 0 ? static_cast<std::int64_t>(values.size()) / rows : 0;
  const WeightMatrix matrix{values, rows, cols};
  const StoredMatrix stored = std::visit(
                                  [&](const auto& choice) {
                                    return choice.store({&matrix, 1});
                                  },
                                  weights)
                                  .at(0);
  return {values, stored};
}

const std::vector<Weights> kChoices{
    AsTrained{},
    FixedPoint{},
    FixedPoint{.bits = 4, .integer_bits = 1, .sign = SignBit::kExtra},
    FixedPoint{.bits = 6, .rounding = Rounding::kStochastic},
    PowerOfTwo{},
    PowerOfTwo{.rounding = ExponentRounding::kStochastic, .zero = ZeroLevel::kNone},
    Binary{},
    Binary{.values_min = 0, .scale = Scale::kNone},
    Binary{.rule = BinaryRule::kStochastic},
    Ternary{},
    Ternary{.rule = TernaryRule::kRound, .scale = Scale::kNone},
    Ternary{.rule = TernaryRule::kStochastic},
    Quaternary{},
    Quaternary{.scale = Scale::kNone},
    MultiBit{.method = MultiBitMethod::kGreedy},
    MultiBit{.method = MultiBitMethod::kRefined},
    MultiBit{},
    Balanced{},
    Pruned{},
    Pruned{.scope = PruningScope::kGlobal},
    Pruned{.scope = PruningScope::kBlock},
    BlockCirculant{},
};

TEST(Weights, DefaultsAreValidAndEverySizeIsStoredFinite) {
  for (const Weights& choice : kChoices) {
    std::visit([](const auto& technique) { EXPECT_EQ(technique.problem(), nullptr); }, choice);
    for (std::int64_t rows : {0, 1, 31, 32, 33})
      for (std::int64_t cols : {0, 1, 31, 32, 33}) {
        const std::vector<float> before = random_values(static_cast<std::size_t>(rows * cols), 9);
        const Stored after = store(choice, before, rows);
        for (float value : after.values) EXPECT_TRUE(std::isfinite(value));
        EXPECT_LE(after.matrix.product.multiplications,
                  static_cast<std::uint64_t>(rows * cols + 2 * rows + 1));
        const Stored zeros = store(choice, std::vector<float>(before.size()), rows);
        for (float value : zeros.values) EXPECT_TRUE(std::isfinite(value));
      }
  }
}

TEST(Weights, TheSameChoiceGivesTheSameBitsTwice) {
  for (const Weights& choice : kChoices) {
    const std::vector<float> before = random_values(33 * 31, 4);
    EXPECT_EQ(store(choice, before, 33).values, store(choice, before, 33).values);
  }
}

TEST(Weights, ADeterministicChoiceAppliedTwiceIsAppliedOnce) {
  for (const Weights& choice :
       {Weights(AsTrained{}), Weights(FixedPoint{}),
        Weights(FixedPoint{.bits = 3, .integer_bits = 0}), Weights(PowerOfTwo{}), Weights(Binary{}),
        Weights(Binary{.scale = Scale::kNone}), Weights(Ternary{}),
        Weights(Quaternary{.scale = Scale::kNone}), Weights(Balanced{}),
        Weights(Pruned{.share = 0.3}), Weights(BlockCirculant{.block = 5})}) {
    const std::vector<float> once = store(choice, random_values(33 * 31, 6), 33).values;
    EXPECT_EQ(store(choice, once, 33).values, once)
        << std::visit([](const auto& technique) { return technique.kName; }, choice);
  }
}

TEST(Weights, SeedsChooseTheDrawsAndMatricesHaveTheirOwn) {
  const std::vector<float> x(64, 0.3F);
  const auto draw = [&](double seed) {
    return store(Ternary{.rule = TernaryRule::kStochastic, .scale = Scale::kNone, .seed = seed}, x,
                 8)
        .values;
  };
  EXPECT_NE(draw(0), draw(1));
  std::vector<float> a = x, b = x;
  const std::vector<WeightMatrix> both{{a, 8, 8}, {b, 8, 8}};
  Ternary{.rule = TernaryRule::kStochastic, .scale = Scale::kNone}.store(both);
  EXPECT_EQ(a, draw(0));
  EXPECT_NE(b, a);
}

TEST(FixedPoint, FractionBitsFollowTheConvention) {
  const auto fraction_bits = [](const FixedPoint& choice) {
    return *store(choice, {0.3F, -0.9F}, 1).matrix.fraction_bits;
  };
  EXPECT_EQ(fraction_bits({.bits = 8, .integer_bits = 1}), 7);  // Q1.7, its 1 bit being the sign
  EXPECT_EQ(fraction_bits({.bits = 8, .integer_bits = 1, .sign = SignBit::kExtra}), 6);
  EXPECT_EQ(fraction_bits({.bits = 8}), 7);                                     // 0.9 x 128 <= 127
  EXPECT_EQ(*store(FixedPoint{.bits = 8}, {1.0F}, 1).matrix.fraction_bits, 6);  // 128 > 127
}

TEST(FixedPoint, StoresItsCodesAndAByteForAFittedFormat) {
  const StoredMatrix fitted = store(FixedPoint{.bits = 5}, random_values(6, 1), 2).matrix;
  EXPECT_EQ(fitted.bits, 5U * 6 + 8);
  const StoredMatrix given =
      store(FixedPoint{.bits = 5, .integer_bits = 1}, random_values(6, 1), 2).matrix;
  EXPECT_EQ(given.bits, 5U * 6);
  EXPECT_EQ(given.product.multiplications, 6U);
  EXPECT_EQ(given.product.additions, 6U);
}

TEST(FixedPoint, MoreBitsNeverErrMore) {
  const std::vector<float> x = random_values(1000, 2);
  double last = 1e9;
  for (double bits = 2; bits <= 16; ++bits) {
    const std::vector<float> q = store(FixedPoint{.bits = bits}, x, 1).values;
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(q[i]) - static_cast<double>(x[i])));
    EXPECT_LE(worst, last);
    last = worst;
  }
}

TEST(PowerOfTwo, CodesCountTheirLevels) {
  const auto code_bits = [](const PowerOfTwo& choice) {
    return store(choice, {1.0F}, 1).matrix.code_bits;
  };
  EXPECT_EQ(code_bits({.min_exponent = -6, .max_exponent = 0}), 4U);  // 14 levels and 0
  EXPECT_EQ(code_bits({.min_exponent = -7, .max_exponent = 0}), 5U);  // 16 levels and 0
  EXPECT_EQ(code_bits({.min_exponent = -7, .max_exponent = 0, .zero = ZeroLevel::kNone}), 4U);
  EXPECT_EQ(code_bits({.min_exponent = 0, .max_exponent = 0, .zero = ZeroLevel::kNone}), 1U);
  const StoredMatrix stored = store(PowerOfTwo{}, random_values(6, 1), 2).matrix;
  EXPECT_EQ(stored.product.kind, "shift_add");
  EXPECT_EQ(stored.product.shifts, 6U);
  EXPECT_EQ(stored.product.multiplications, 0U);
}

TEST(Binary, ScaleIsTheMeanMagnitude) {
  const Stored stored = store(Binary{}, {1, -2, 0, 5}, 2);
  EXPECT_EQ(stored.values, (std::vector<float>{2, -2, 2, 2}));
  EXPECT_EQ(stored.matrix.bits, 4U + 32);
  EXPECT_EQ(stored.matrix.product.multiplications, 2U);  // one multiplication for each row
  EXPECT_EQ(stored.matrix.product.additions, 4U);
}

TEST(Binary, OtherPairsScaleByLeastSquares) {
  // Of the levels 0 and 1, (1, -2, 0, 5) takes 1, 0, 1, 1, so alpha = (1 + 0 + 5) / 3.
  EXPECT_EQ(store(Binary{.values_min = 0}, {1, -2, 0, 5}, 2).values,
            (std::vector<float>{2, 0, 2, 2}));
  EXPECT_EQ(
      store(Binary{.values_min = -0.5, .values_max = 0, .scale = Scale::kNone}, {1, -2}, 1).values,
      (std::vector<float>{0, -0.5}));
  const StoredMatrix unscaled = store(Binary{.scale = Scale::kNone}, random_values(6, 1), 2).matrix;
  EXPECT_EQ(unscaled.bits, 6U);
  EXPECT_EQ(unscaled.product.multiplications, 0U);
  // A row is a * sum of all x + (b - a) * sum of those x whose weight is b. There are 6 additions
  // of sums over b, 3 for the sum of all x, and 2 to join the two.
  const StoredMatrix odd = store(Binary{.values_min = -1, .values_max = 3, .scale = Scale::kNone},
                                 random_values(6, 1), 2)
                               .matrix;
  EXPECT_EQ(odd.product.additions, 6U + 3 + 2);
  EXPECT_EQ(odd.product.multiplications, 2U + 1);
}

TEST(Ternary, TwnThresholdAndScale) {
  // The mean |w| is 2, so the threshold is 1.4, and the mean magnitude of 3 and -4 is 3.5.
  const Stored stored = store(Ternary{}, {3, -4, 1, 0}, 2);
  EXPECT_EQ(stored.values, (std::vector<float>{3.5, -3.5, 0, 0}));
  EXPECT_EQ(stored.matrix.bits, 2U * 4 + 32);
  EXPECT_FALSE(std::signbit(stored.values[3]));
}

TEST(Ternary, RoundTakesTheNearestOfItsThreeValues) {
  EXPECT_EQ(
      store(Ternary{.rule = TernaryRule::kRound, .scale = Scale::kNone}, {0.6F, -7, 0.5F, -0.4F}, 1)
          .values,
      (std::vector<float>{1, -1, 0, 0}));
}

TEST(Quaternary, LevelsWithAndWithoutScale) {
  EXPECT_EQ(store(Quaternary{.scale = Scale::kNone}, {0.75F, -0.7F, 0, -3}, 1).values,
            (std::vector<float>{1, -0.5, 0.5, -1}));
  // The mean |w| is 2, so levels are 0.5, -1, 0.5, 1 and alpha = (0.5 + 3 + 0 + 4) / (0.25 + 1 +
  // 0.25 + 1) = 3.
  EXPECT_EQ(store(Quaternary{}, {1, -3, 0, 4}, 2).values, (std::vector<float>{1.5, -3, 1.5, 3}));
}

TEST(MultiBit, EveryRowHasItsOwnScales) {
  const Stored stored = store(MultiBit{.bits = 1}, {1, -3, 10, 30}, 2);
  EXPECT_EQ(stored.values, (std::vector<float>{2, -2, 20, 20}));
  const StoredMatrix two = store(MultiBit{.bits = 2}, random_values(12, 1), 3).matrix;
  EXPECT_EQ(two.bits, 2U * 12 + 2 * 32 * 3);
  EXPECT_EQ(two.product.multiplications, 2U * 3);
  EXPECT_EQ(two.product.additions, 2U * 12 + 3);
}

TEST(MultiBit, RowsUseAtMostTwoToTheKValues) {
  const std::vector<float> q = store(MultiBit{.bits = 3}, random_values(33 * 4, 2), 4).values;
  for (std::size_t row = 0; row < 4; ++row) {
    std::vector<float> values(q.begin() + static_cast<std::ptrdiff_t>(row * 33),
                              q.begin() + static_cast<std::ptrdiff_t>(row * 33 + 33));
    std::ranges::sort(values);
    EXPECT_LE(std::unique(values.begin(), values.end()) - values.begin(), 8);
  }
}

TEST(Balanced, StoresCodesAndTwoFloats) {
  EXPECT_EQ(store(Balanced{.bits = 3}, random_values(12, 1), 3).matrix.bits, 3U * 12 + 64);
}

TEST(Pruned, RemovesExactlyTheAskedCountTiesByPlace) {
  // Of ten equal magnitudes floor(0.35 x 10 + 0.5) = 4 are removed, which are the first four.
  const Stored stored = store(Pruned{.share = 0.35}, {1, -1, 1, -1, 1, -1, 1, -1, 1, -1}, 2);
  EXPECT_EQ(stored.values, (std::vector<float>{0, 0, 0, 0, 1, -1, 1, -1, 1, -1}));
  EXPECT_EQ(stored.matrix.bits, 10U + 32 * 6);
  EXPECT_EQ(stored.matrix.product.multiplications, 6U);
}

TEST(Pruned, CountsAndThresholdHoldForEveryShareAndSize) {
  for (std::size_t size : {0, 1, 31, 32, 33})
    for (double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
      const std::vector<float> before = random_values(size, size + 3);
      const std::vector<float> after = store(Pruned{.share = share}, before, 1).values;
      const auto asked =
          static_cast<std::ptrdiff_t>(std::floor(share * static_cast<double>(size) + 0.5));
      EXPECT_EQ(std::ranges::count(after, 0.0F), asked);
      float gone = 0, stays = 1e9F;
      for (std::size_t i = 0; i < size; ++i) {
        EXPECT_TRUE(after[i] == 0 || after[i] == before[i]);
        if (after[i] == 0)
          gone = std::max(gone, std::abs(before[i]));
        else
          stays = std::min(stays, std::abs(before[i]));
      }
      EXPECT_LE(gone, stays);
    }
}

TEST(Pruned, GlobalRanksTheWholeModelAndMatrixEachByItself) {
  const auto prune = [](PruningScope scope) {
    std::vector<float> large{5, 6, 7, 8}, small{1, 2, 3, 4};
    const std::vector<WeightMatrix> both{{large, 2, 2}, {small, 2, 2}};
    const std::vector<StoredMatrix> stored = Pruned{.share = 0.5, .scope = scope}.store(both);
    EXPECT_EQ(stored[0].product.multiplications + stored[1].product.multiplications, 4U);
    return std::pair(large, small);
  };
  EXPECT_EQ(prune(PruningScope::kGlobal),
            std::pair(std::vector<float>{5, 6, 7, 8}, std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(prune(PruningScope::kMatrix),
            std::pair(std::vector<float>{0, 0, 7, 8}, std::vector<float>{0, 0, 3, 4}));
}

TEST(Pruned, BlocksGoWholeByTheirGreatestWeightAndMayBeCutAtTheEdge) {
  // The greatest magnitudes of the four blocks are 5, 6, 1 and 9. Half of the blocks are removed,
  // those of 1 and 5.
  const Stored stored =
      store(Pruned{.share = 0.5, .scope = PruningScope::kBlock, .block_rows = 2, .block_cols = 2},
            {5, 0.1F, 6,    //
             2, -3, -0.2F,  //
             0.5F, 1, -9},
            3);
  EXPECT_EQ(stored.values, (std::vector<float>{0, 0, 6, 0, 0, -0.2F, 0, 0, -9}));
  EXPECT_EQ(stored.matrix.bits, 4U + 32 * 3);
}

TEST(BlockCirculant, EntriesAreMeansOfTheirWrappedDiagonals) {
  // The diagonal i = j has 1 and 3, the other 5 and 2.
  EXPECT_EQ(store(BlockCirculant{.block = 2}, {1, 5, 2, 3}, 2).values,
            (std::vector<float>{2, 3.5F, 3.5F, 2}));
  // Elements of equal (i - j) mod 3 become equal, so columns are cyclic shifts downwards.
  const std::vector<float> c =
      store(BlockCirculant{.block = 3}, {1, 2, 3, 4, 5, 6, 7, 8, 10}, 3).values;
  EXPECT_EQ(c[0], c[4]);
  EXPECT_EQ(c[3], c[7]);
  EXPECT_EQ(c[3], c[2]);
  EXPECT_EQ(c[0], static_cast<float>(16.0 / 3));
  EXPECT_EQ(c[3], static_cast<float>((4 + 8 + 3) / 3.0));
}

TEST(BlockCirculant, BlocksOfOneChangeNothingAndEdgesCountWhatExists) {
  const std::vector<float> x = random_values(33 * 31, 3);
  EXPECT_EQ(store(BlockCirculant{.block = 1}, x, 33).values, x);
  // In blocks of 2, (1, 2) has one element on each diagonal, and (3) is alone.
  EXPECT_EQ(store(BlockCirculant{.block = 2}, {1, 2, 3}, 1).values, (std::vector<float>{1, 2, 3}));
}

TEST(BlockCirculant, KeepsTheSumOfWholeBlocksAndStoresOneColumnEach) {
  const std::vector<float> before = random_values(64 * 32, 5);
  const Stored after = store(BlockCirculant{.block = 8}, before, 64);
  const auto sum = [](const std::vector<float>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
  };
  EXPECT_NEAR(sum(after.values), sum(before), 1e-4);
  EXPECT_EQ(after.matrix.bits, 32U * 64 * 32 / 8);
  EXPECT_EQ(after.matrix.fourier.transforms, 8U + 4);
  EXPECT_EQ(after.matrix.fourier.complex_multiplications, 8U * 4 * 5);
  // 33 x 31 weights take 5 x 4 blocks of 8 x 8, of which the last are padded.
  EXPECT_EQ(store(BlockCirculant{.block = 8}, random_values(33 * 31, 5), 33).matrix.bits,
            32U * 5 * 4 * 8);
}

TEST(Weights, BadParametersAreNamed) {
  const auto problem = [](const auto& choice) {
    return std::string(choice.problem() ? choice.problem() : "");
  };
  EXPECT_NE(problem(FixedPoint{.bits = 1}), "");
  EXPECT_NE(problem(FixedPoint{.integer_bits = 0.5}), "");
  EXPECT_NE(problem(FixedPoint{.seed = -1}), "");
  EXPECT_NE(problem(PowerOfTwo{.min_exponent = 1, .max_exponent = 0}), "");
  EXPECT_NE(problem(Binary{.values_min = 1, .values_max = 1}), "");
  EXPECT_NE(problem(Ternary{.seed = 0.5}), "");
  EXPECT_NE(problem(MultiBit{.bits = 9}), "");
  EXPECT_NE(problem(MultiBit{.cycles = -1}), "");
  EXPECT_NE(problem(Balanced{.bits = 0}), "");
  EXPECT_NE(problem(Pruned{.share = 1.01}), "");
  EXPECT_NE(problem(Pruned{.block_rows = 0}), "");
  EXPECT_NE(problem(BlockCirculant{.block = 2.5}), "");
}

}  // namespace
}  // namespace edgeval
