// Compares the bodies of the pipeline with plain loops and with values worked out by hand. The CPU
// engine's block runs the bodies, and so do blocks that order the work as a GPU may. Rows lie
// between NaNs, which must neither spread nor be overwritten.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "host/body/cell.hpp"
#include "host/body/linear.hpp"
#include "host/body/operand.hpp"
#include "host/body/plan.hpp"
#include "host/body/unpack.hpp"
#include "host/technique/as_is.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/reuse.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/strided_block.hpp"

namespace edgeval {
namespace {

using test::Random;
using test::StridedBlock;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr Index kWidths[] = {0, 1, 31, 32, 33, 1000};

template <class T>
class BodyTest : public testing::Test {};
using Blocks = testing::Types<SerialBlock, StridedBlock<1>, StridedBlock<32>, StridedBlock<256>>;
TYPED_TEST_SUITE(BodyTest, Blocks);

// A row of `width` values with two NaNs before and two behind.
class Fenced {
 public:
  explicit Fenced(Index width, float value = 0) : width_(width), values_(width + 4, kNan) {
    std::fill_n(data(), width, value);
  }
  float* data() { return values_.data() + 2; }
  float& operator[](Index i) { return values_[i + 2]; }
  float operator[](Index i) const { return values_[i + 2]; }
  bool intact() const {
    const auto nan = [&](Index i) { return std::isnan(values_[i]); };
    bool clean = nan(0) && nan(1) && nan(width_ + 2) && nan(width_ + 3);
    for (Index i = 0; i < width_; ++i) clean = clean && !nan(i + 2);
    return clean;
  }

 private:
  Index width_;
  std::vector<float> values_;
};

Fenced random_row(Random& random, Index width, double low, double high) {
  Fenced row(width);
  for (Index i = 0; i < width; ++i)
    row[i] = random.chance(0.25) ? 0.0F : static_cast<float>(random.uniform(low, high));
  return row;
}

double sigmoid_in_double(double x) { return 1 / (1 + std::exp(-x)); }

TYPED_TEST(BodyTest, CellFollowsTheFormulas) {
  Random random(1);
  for (Index n : kWidths) {
    Fenced wx = random_row(random, 4 * n, -4, 4), uh = random_row(random, 4 * n, -4, 4);
    Fenced bias = random_row(random, 4 * n, -1, 1), c = random_row(random, n, -2, 2);
    Fenced before = c, h(n), output(n);
    cell_row(TypeParam{}, FloatNumbers{bias.data()},
             CellRow<FloatNumbers>{.wx = wx.data(),
                                   .uh = uh.data(),
                                   .cells = n,
                                   .c = c.data(),
                                   .h = h.data(),
                                   .output = output.data()});
    for (Index j = 0; j < n; ++j) {
      const auto z = [&](Index gate) {
        return static_cast<double>(wx[gate * n + j]) + uh[gate * n + j] + bias[gate * n + j];
      };
      const double c_now =
          sigmoid_in_double(z(1)) * before[j] + sigmoid_in_double(z(0)) * std::tanh(z(2));
      EXPECT_NEAR(c[j], c_now, 1e-6);
      EXPECT_NEAR(h[j], sigmoid_in_double(z(3)) * std::tanh(c_now), 1e-6);
      EXPECT_EQ(output[j], h[j]);
    }
    EXPECT_TRUE(c.intact() && h.intact() && output.intact()) << n;
  }
}

TYPED_TEST(BodyTest, LinearRowAddsTheBiasAndClamps) {
  const ActivationRange none = activation_range({Activation::Type::kNone, 0});
  const ActivationRange clip = activation_range({Activation::Type::kClippedRelu, 1.5F});
  EXPECT_EQ(activation_range({Activation::Type::kRelu, 0}).high, none.high);
  Random random(2);
  for (Index n : kWidths) {
    Fenced product = random_row(random, n, -3, 3), bias = random_row(random, n, -1, 1);
    Fenced plain(n), clipped = product;
    const FloatNumbers numbers{bias.data()};
    linear_row(TypeParam{}, numbers,
               LinearRow<FloatNumbers>{product.data(), n, none, plain.data()});
    linear_row(TypeParam{}, numbers,
               LinearRow<FloatNumbers>{clipped.data(), n, clip, clipped.data()});
    for (Index o = 0; o < n; ++o) {
      const float sum = product[o] + bias[o];
      EXPECT_EQ(plain[o], sum);
      EXPECT_EQ(clipped[o], std::fmin(std::fmax(sum, 0.0F), 1.5F));
    }
    EXPECT_TRUE(plain.intact() && clipped.intact()) << n;
  }
}

TYPED_TEST(BodyTest, AsIsCopiesAndCountsEveryElement) {
  Random random(3);
  for (Index n : kWidths) {
    Fenced value = random_row(random, n, -1, 1), operand(n);
    const OperandCounts counts = operand_row(TypeParam{}, AsIs{}.rule(), Source::kInput,
                                             value.data(), n, nullptr, operand.data());
    EXPECT_EQ(counts.changed, n);
    int zero = 0;
    for (Index i = 0; i < n; ++i) {
      zero += value[i] == 0;
      EXPECT_EQ(operand[i], value[i]);
    }
    EXPECT_EQ(counts.zero, zero);
    EXPECT_TRUE(operand.intact());
  }
}

TYPED_TEST(BodyTest, ReuseTakesCentroidsAndCountsNewIndices) {
  Reuse reuse;
  reuse.clusters = 8;
  reuse.range_min = -1;
  reuse.range_max = 1;  // a step of 0.25, indices -4 to 3
  Random random(4);
  for (Index n : kWidths) {
    std::vector<Reuse::Rule::State> state(n);
    std::vector<int> index_before(n, 99);
    for (int step = 0; step < 4; ++step) {
      Fenced value = random_row(random, n, -1.5, 1.5), operand(n);
      const OperandCounts counts = operand_row(TypeParam{}, reuse.rule(), Source::kRecurrent,
                                               value.data(), n, state.data(), operand.data());
      int changed = 0, zero = 0;
      for (Index i = 0; i < n; ++i) {
        const int index = std::clamp(static_cast<int>(std::floor(value[i] / 0.25 + 0.5)), -4, 3);
        changed += index != index_before[i];
        zero += value[i] == 0;
        index_before[i] = index;
        EXPECT_EQ(operand[i], static_cast<float>(0.25 * index));
      }
      EXPECT_EQ(counts.changed, changed);
      EXPECT_EQ(counts.zero, zero);
      if (step == 0) {
        EXPECT_EQ(counts.changed, n);
      }
      EXPECT_TRUE(operand.intact());
    }
  }
}

TYPED_TEST(BodyTest, DeltaHoldsUntilTheThresholdOfItsSource) {
  const Delta delta{.threshold_x = 0.5, .threshold_h = 0.125};
  Random random(5);
  for (Source source : {Source::kInput, Source::kRecurrent}) {
    const float threshold = source == Source::kInput ? 0.5F : 0.125F;
    for (Index n : kWidths) {
      std::vector<Delta::Rule::State> state(n);
      std::vector<float> held(n, 0.0F);
      for (int step = 0; step < 4; ++step) {
        Fenced value = random_row(random, n, -0.75, 0.75);
        const Fenced given = value;
        // The operand may be written to the place of the value.
        const OperandCounts counts = operand_row(TypeParam{}, delta.rule(), source, value.data(), n,
                                                 state.data(), value.data());
        int changed = 0, zero = 0;
        for (Index i = 0; i < n; ++i) {
          const float now = given[i];
          zero += now == 0;
          if (now != held[i] && std::fabs(now - held[i]) >= threshold) {
            held[i] = now;
            ++changed;
          }
          EXPECT_EQ(value[i], held[i]);
        }
        EXPECT_EQ(counts.changed, changed);
        EXPECT_EQ(counts.zero, zero);
        EXPECT_TRUE(value.intact());
      }
    }
  }
}

TYPED_TEST(BodyTest, FramesAreQuantizedAndCompared) {
  SimilaritySkip skip;
  skip.fraction_bits = 12;
  skip.shift = 10;
  const SimilaritySkip::Rule rule = skip.rule();
  Random random(6);
  for (Index n : kWidths) {
    constexpr Index kSteps = 5;
    Matrix<std::int16_t> q(kSteps, n);
    for (Index t = 0; t < kSteps; ++t) {
      Fenced x = random_row(random, n, -9, 9);  // the format ends at 8 and saturates
      quantize_frame(TypeParam{}, rule, x.data(), n, q.row(t));
      for (Index i = 0; i < n; ++i)
        EXPECT_EQ(q(t, i), std::clamp(std::floor(x[i] * 4096.0 + 0.5), -32768.0, 32767.0));
    }
    for (Index t = 0; t < kSteps; ++t) {
      int active = 0, before = 0, after = 0;
      for (Index i = 0; i < n; ++i) {
        if (q(t, i) == 0) continue;
        ++active;
        const auto upper = [&](Index step) { return std::floor(q(step, i) / 1024.0); };
        before += t > 0 && upper(t) != upper(t - 1);
        after += t + 1 < kSteps && upper(t) != upper(t + 1);
      }
      const FrameSimilarity similarity =
          similarity_of_frame(TypeParam{}, rule, std::as_const(q).view(), t);
      EXPECT_EQ(similarity.active, active);
      EXPECT_EQ(similarity.differing_before, before);
      EXPECT_EQ(similarity.differing_after, after);
    }
  }
}

struct Decided {
  std::vector<StepMode> mode;
  std::vector<std::int32_t> live;
};

Decided decide(const SimilaritySkip& skip, const std::vector<FrameSimilarity>& similarity,
               bool backward) {
  Decided result{std::vector<StepMode>(similarity.size()),
                 std::vector<std::int32_t>(similarity.size())};
  const Index steps = static_cast<Index>(similarity.size());
  result.live.resize(decide_lane(skip.rule(), similarity.data(), steps, backward,
                                 result.mode.data(), result.live.data()));
  return result;
}

constexpr StepMode R = StepMode::kRun, S = StepMode::kSkip;
constexpr FrameSimilarity kAlike{10, 0, 0};  // S = 1 towards both neighbours

SimilaritySkip skip_above_half(double max_consecutive) {
  return {.threshold = 0.5, .max_consecutive = max_consecutive, .shift = 10, .fraction_bits = 8};
}

TEST(Plan, SixSimilarStepsUnderALimitOfThree) {  // P1, Fig. 5
  const Decided plan = decide(skip_above_half(3), std::vector<FrameSimilarity>(7, kAlike), false);
  EXPECT_EQ(plan.mode, (std::vector<StepMode>{R, S, S, S, R, S, S}));
  EXPECT_EQ(plan.live, (std::vector<std::int32_t>{0, 4}));
}

TEST(Plan, BackwardStartsAtTheLastFrame) {
  const Decided plan = decide(skip_above_half(3), std::vector<FrameSimilarity>(7, kAlike), true);
  EXPECT_EQ(plan.mode, (std::vector<StepMode>{S, S, R, S, S, S, R}));
  EXPECT_EQ(plan.live, (std::vector<std::int32_t>{6, 2}));
}

TEST(Plan, EachDirectionLooksAtItsOwnNeighbour) {
  // Frame 1 resembles frame 0, but frames 1 and 2 do not resemble each other.
  const std::vector<FrameSimilarity> similarity{{10, 0, 0}, {10, 0, 10}, {10, 10, 0}};
  const SimilaritySkip skip = skip_above_half(std::numeric_limits<double>::infinity());
  EXPECT_EQ(decide(skip, similarity, false).mode, (std::vector<StepMode>{R, S, R}));
  EXPECT_EQ(decide(skip, similarity, true).mode, (std::vector<StepMode>{S, R, R}));
}

TEST(Plan, AScoreAtTheThresholdRuns) {
  EXPECT_EQ(decide(skip_above_half(3), {kAlike, {10, 5, 0}}, false).mode,
            (std::vector<StepMode>{R, R}));
  EXPECT_EQ(decide(skip_above_half(3), {kAlike, {10, 4, 0}}, false).mode,
            (std::vector<StepMode>{R, S}));
}

TEST(Plan, SilenceResemblesOnlySilence) {
  const FrameSimilarity silent{0, 0, 0};
  EXPECT_EQ(decide(skip_above_half(3), {kAlike, silent, silent}, false).mode,
            (std::vector<StepMode>{R, R, S}));
}

TEST(Plan, NoFramesNoSteps) { EXPECT_TRUE(decide(skip_above_half(3), {}, false).live.empty()); }

// Unpacks an output [T, H] that lies inside rows of H + 2. At first, frames that ran hold 100 t + j
// and all other values are NaN; at last, frame t must hold what frame source[t] holds.
template <class Block>
void expect_unpacked(const std::vector<std::int32_t>& live, bool backward,
                     const std::vector<int>& source) {
  for (Index n : kWidths) {
    const Index rows = static_cast<Index>(source.size());
    std::vector<float> memory(rows * (n + 2), kNan);
    const MatrixView<float> output{memory.data() + 1, rows, n, n + 2};
    for (std::int32_t t : live)
      for (Index j = 0; j < n; ++j) output(t, j) = static_cast<float>(100 * t + j);
    unpack_lane(Block{}, output, live.data(), static_cast<Index>(live.size()), backward);
    for (Index t = 0; t < rows; ++t) {
      for (Index j = 0; j < n; ++j)
        EXPECT_EQ(output(t, j), static_cast<float>(100 * source[t] + j));
      EXPECT_TRUE(std::isnan(output.row(t)[-1]) && std::isnan(output.row(t)[n]));
    }
  }
}

TYPED_TEST(BodyTest, SkippedFramesShowTheLastThatRan) {
  expect_unpacked<TypeParam>({0, 1, 4}, false, {0, 1, 1, 1, 4, 4});
  expect_unpacked<TypeParam>({5, 2}, true, {2, 2, 2, 5, 5, 5});
  expect_unpacked<TypeParam>({0, 1, 2}, false, {0, 1, 2});
  expect_unpacked<TypeParam>({}, false, {});
}

}  // namespace
}  // namespace edgeval
