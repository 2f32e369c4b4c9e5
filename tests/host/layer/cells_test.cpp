// Compares every kind of cell with its literal loop, under every technique that its equations
// allow: decisions and counts must be equal, outputs within 1e-5 in fp32. Dense counts are compared
// with the closed forms of P2, table 3 (tests/support/cells.hpp).
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "host/core/error.hpp"
#include "tests/literal/literal.hpp"
#include "tests/literal/tolerance.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/counts.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

class Cells : public testing::TestWithParam<NamedCell> {};
INSTANTIATE_TEST_SUITE_P(EveryCell, Cells, testing::ValuesIn(every_cell()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Cells, AreTheirLiteralLoopUnderEveryPlanAndOperand) {
  std::uint64_t executed = 0, dense = 0;
  for (Kind kind : kKinds) {
    if (GetParam().in_halves() && kind != Kind::kDense && kind != Kind::kSkip) continue;
    for (std::uint64_t seed = 0; seed < 8 && !HasFailure(); ++seed) {
      SCOPED_TRACE(concat("kind ", static_cast<int>(kind), ", seed ", seed));
      Random random(8100 + 97 * seed + static_cast<std::uint64_t>(kind));
      const Model model = cell_model(random, GetParam());
      const OperatingPoint point = random_point(random, model, kind);
      std::vector<Matrix<float>> utterances;
      std::vector<LiteralResult> literal;
      for (int draw = 0; draw < 5; ++draw) {
        Matrix<float> frames = random_frames(random, random.skewed(1, 60), model.inputs());
        LiteralResult wanted = literal_run(model, point, frames.view());
        if (wanted.margin < kTooClose) continue;
        utterances.push_back(std::move(frames));
        literal.push_back(std::move(wanted));
      }
      const BatchResult result =
          make_cpu_engine(borrowed(model), {.threads = 1, .chunk_bytes = 1 << 13})
              ->run(ragged(utterances, model.inputs()), point);
      for (std::size_t n = 0; n < utterances.size(); ++n) {
        for (std::size_t l = 0; l < literal[n].activity.layers.size(); ++l)
          expect_equal_counts(result.activity[n].layers[l], literal[n].activity.layers[l]);
        const auto output = result.outputs.sequence(static_cast<Index>(n));
        for (Index t = 0; t < output.rows; ++t)
          for (Index j = 0; j < output.cols; ++j) {
            const double want = literal[n].outputs(t, j);
            ASSERT_NEAR(output(t, j), want, kTolerance * std::max(1.0, std::abs(want)))
                << "frame " << t;
          }
        if (kind == Kind::kDense) continue;
        executed += literal[n].activity.macs_executed();
        dense += literal[n].activity.total(Count::kMacsDense);
      }
    }
  }
  EXPECT_LT(static_cast<double>(executed), 0.95 * static_cast<double>(dense));
}

// In integer arithmetic nothing may differ.
TEST_P(Cells, AreTheirLiteralLoopInIntegersBitForBit) {
  for (IntegerKind width : {IntegerKind::kInt16, IntegerKind::kInt8})
    for (Kind kind : kKinds) {
      if (GetParam().in_halves() && kind != Kind::kDense && kind != Kind::kSkip) continue;
      for (std::uint64_t seed = 0; seed < 6 && !HasFailure(); ++seed) {
        SCOPED_TRACE(concat("width ", static_cast<int>(width), ", kind ", static_cast<int>(kind),
                            ", seed ", seed));
        Random random(9100 + 97 * seed + static_cast<std::uint64_t>(kind));
        const Model model = cell_model(random, GetParam());
        OperatingPoint point = random_point(random, model, kind);
        make_integer(random, width, point);
        const Ragged<float> batch =
            random_batch(random, {random.skewed(1, 60), random.skewed(1, 60), random.skewed(1, 60)},
                         model.inputs());
        const BatchResult result =
            make_cpu_engine(borrowed(model), {.threads = 1, .chunk_bytes = 1 << 13})
                ->run(batch, point);
        for (Index n = 0; n < batch.sequences(); ++n) {
          const LiteralResult literal = literal_run(model, point, batch.sequence(n));
          for (std::size_t l = 0; l < literal.activity.layers.size(); ++l)
            expect_equal_counts(result.activity[static_cast<std::size_t>(n)].layers[l],
                                literal.activity.layers[l]);
          const auto output = result.outputs.sequence(n);
          for (Index t = 0; t < output.rows; ++t)
            for (Index j = 0; j < output.cols; ++j)
              ASSERT_EQ(output(t, j), literal.outputs(t, j)) << "frame " << t << ", output " << j;
        }
      }
    }
}

TEST_P(Cells, DenseCountsAreTheClosedForms) {
  struct Sizes {
    std::int64_t m, n, p, k;
  };
  for (const Sizes& size :
       {Sizes{1, 1, 1, 1}, Sizes{3, 5, 2, 2}, Sizes{32, 33, 7, 3}, Sizes{17, 17, 20, 1}}) {
    NamedCell cell = GetParam();
    if (cell.form.projection > 0) cell.form.projection = size.p;
    if (cell.kind == kQrnn) cell.form.window = size.k;
    const Model model =
        random_model({.inputs = size.m,
                      .lstm = {{.cells = size.n, .kind = cell.kind, .form = cell.form}},
                      .outputs = 0},
                     1);
    const std::uint64_t steps = 7;
    const BatchResult result =
        make_cpu_engine(borrowed(model), {.threads = 1})
            ->run(Ragged<float>(std::vector<Index>{static_cast<Index>(steps)}, size.m),
                  dense_point(model));
    const LayerActivity& activity = result.activity[0].layers[0];
    const DenseCounts form = dense_counts_of(cell, size.m, size.n);
    const auto per_step = [&](Count count) {
      return static_cast<std::int64_t>(activity[count] / steps);
    };
    EXPECT_EQ(activity.macs_executed(), activity[Count::kMacsDense]);
    EXPECT_EQ(per_step(Count::kMacsFp32) + per_step(Count::kElementwiseMultiplications),
              form.multiplications);
    EXPECT_EQ(per_step(Count::kMacsFp32) + per_step(Count::kElementwiseAdditions), form.additions);
    EXPECT_EQ(per_step(Count::kNonlinearities), form.nonlinear);
    EXPECT_EQ(activity.shape.weights(), form.weights);
    EXPECT_EQ(activity.shape.biases(), form.biases);
  }
}

// Pieces as many as 2 x 512 are close to the functions, and each use of one costs a lookup. So
// outputs and counts show that every cell takes the pieces in place of its sigmoids and tanhs.
TEST_P(Cells, TakeOtherNonlinearitiesAndCountThem) {
  for (const Arithmetic& arithmetic : std::vector<Arithmetic>{Fp32{}, Int16{{.input_bits = 13}}}) {
    Random random(9900);
    const Model model = random_model(
        {.inputs = 7, .lstm = random_cell_layers(random, GetParam(), 1), .outputs = 0}, 3);
    const Ragged<float> batch = random_batch(random, {30, 12}, model.inputs());
    const PiecewiseLinear pieces{.segments = 512};
    const auto engine = make_cpu_engine(borrowed(model), {.threads = 1});
    const BatchResult exact = engine->run(batch, {{{EveryStep{}, AsIs{}, arithmetic}}});
    const BatchResult result = engine->run(batch, {{{EveryStep{}, AsIs{}, arithmetic, pieces}}});
    double worst = 0, total = 0;
    for (std::size_t i = 0; i < exact.outputs.values.values().size(); ++i) {
      const double change = std::abs(static_cast<double>(exact.outputs.values.values()[i]) -
                                     static_cast<double>(result.outputs.values.values()[i]));
      worst = std::max(worst, change);
      total += change;
    }
    EXPECT_LT(worst, 2e-3);
    EXPECT_GT(total, 0);
    const LayerActivity& activity = result.activity[0].layers[0];
    const LayerActivity& plain = exact.activity[0].layers[0];
    EXPECT_EQ(activity[Count::kNonlinearities], 0U);
    EXPECT_EQ(
        activity[Count::kElementwiseMultiplications] - plain[Count::kElementwiseMultiplications],
        plain[Count::kNonlinearities]);  // one multiplication for each nonlinearity
  }
}

}  // namespace
}  // namespace edgeval::test
