// Compares the CPU engine under int16 and int8 with the literal loops in integers, on random small
// networks and on the model and speech that ship: modes, counts and the bits of outputs must be
// equal. In integer arithmetic nothing may differ (binding decision 7), so no draw is too close to
// call and none is repeated.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <map>

#include "host/core/error.hpp"
#include "tests/literal/literal.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/counts.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/spoken.hpp"

namespace edgeval::test {
namespace {

constexpr int kIntegerNetworks = 30;  // networks of each width and kind

using Modes = std::map<std::tuple<Index, Direction, Index>, std::vector<StepMode>>;

class PlansSeen final : public LayerObserver {
 public:
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    modes_[{layer, direction, lane}].assign(modes.begin(), modes.end());
  }
  const Modes& modes() const { return modes_; }

 private:
  Modes modes_;
};

void expect_equal_bits(MatrixView<const float> engine, const Matrix<float>& literal) {
  ASSERT_EQ(engine.rows, literal.rows());
  ASSERT_EQ(engine.cols, literal.cols());
  for (Index t = 0; t < engine.rows; ++t)
    for (Index i = 0; i < engine.cols; ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(engine(t, i)),
                std::bit_cast<std::uint32_t>(literal(t, i)))
          << "frame " << t << ", output " << i << ": " << engine(t, i) << " and " << literal(t, i);
}

struct Macs {
  std::uint64_t executed = 0, dense = 0;
};

Macs expect_engine_is_literal(const Model& model, const OperatingPoint& point,
                              const Ragged<float>& batch) {
  Macs macs;
  PlansSeen observer;
  const BatchResult result =
      make_cpu_engine(borrowed(model), {.threads = 1})->run(batch, point, &observer);
  Modes modes;
  for (Index n = 0; n < batch.sequences(); ++n) {
    SCOPED_TRACE(concat("utterance ", n, " of ", batch.sequences(), ", frames ", batch.length(n)));
    const LiteralResult literal = literal_run(model, point, batch.sequence(n));
    expect_equal_counts(result.activity[static_cast<std::size_t>(n)], literal.activity);
    expect_equal_bits(result.outputs.sequence(n), literal.outputs);
    for (std::size_t l = 0; l < model.layers.size(); ++l)
      if (const RecurrentLayer* lstm = std::get_if<RecurrentLayer>(&model.layers[l]))
        for (std::size_t d = 0; d < lstm->directions.size(); ++d)
          modes[{static_cast<Index>(l), lstm->directions[d], n}] =
              literal.layers[l].directions[d].modes;
    macs.executed += literal.activity.macs_executed();
    macs.dense += literal.activity.total(Count::kMacsDense);
  }
  EXPECT_EQ(observer.modes(), modes);
  return macs;
}

Macs expect_random_network_is_literal(Random& random, Kind kind, IntegerKind width) {
  const Model model = random_stack(random);
  OperatingPoint point = random_point(random, model, kind);
  make_integer(random, width, point);
  std::vector<Index> lengths;
  for (Index left = random.skewed(1, 9); left > 0; --left) lengths.push_back(random.skewed(1, 90));
  return expect_engine_is_literal(model, point, random_batch(random, lengths, model.inputs()));
}

class LiteralInteger : public testing::TestWithParam<IntegerKind> {};

INSTANTIATE_TEST_SUITE_P(Widths, LiteralInteger,
                         testing::Values(IntegerKind::kInt16, IntegerKind::kInt8,
                                         IntegerKind::kBoth),
                         [](const auto& of) { return std::string(name(of.param)); });

TEST_P(LiteralInteger, EngineGivesTheSameBitsModesAndCounts) {
  std::map<Kind, Macs> macs;
  for (int i = 0; i < kIntegerNetworks * static_cast<int>(kKinds.size()) && !HasFailure(); ++i) {
    const int network = i % kIntegerNetworks;
    const Kind kind = kKinds[static_cast<std::size_t>(i / kIntegerNetworks)];
    SCOPED_TRACE(concat("network ", network, ", kind ", static_cast<int>(kind)));
    // With these seeds a new kind does not change the networks of the others.
    Random random(30260000 + 1000 * static_cast<std::uint64_t>(kind) +
                  static_cast<std::uint64_t>(network));
    const Macs more = expect_random_network_is_literal(random, kind, GetParam());
    macs[kind].executed += more.executed;
    macs[kind].dense += more.dense;
  }
  // The networks would prove little if a technique avoided no work, or all of it.
  for (const auto& [kind, sum] : macs) {
    SCOPED_TRACE(concat("kind ", static_cast<int>(kind)));
    const double share = static_cast<double>(sum.executed) / static_cast<double>(sum.dense);
    EXPECT_GT(share, 0.05);
    if (kind != Kind::kDense) {
      EXPECT_LT(share, 0.95);
    }
  }
}

// The values in tests/golden/integer.json rest on this test.
TEST(LiteralIntegerSpeech, TheShippedModelOnShippedSpeechGivesTheSameBitsModesAndCounts) {
  const Model model = load_spoken_model();
  const Ragged<float> features = spoken_test_features(model.frontend, 1);
  for (const char* arithmetic : {"int16", "int8"})
    for (const char* policy : {"", "skip_delta.yaml", "reuse.yaml"}) {
      SCOPED_TRACE(concat(arithmetic, " ", policy));
      expect_engine_is_literal(model, spoken_point(model, arithmetic, policy), features);
    }
}

}  // namespace
}  // namespace edgeval::test
