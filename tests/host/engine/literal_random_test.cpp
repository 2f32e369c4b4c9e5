// Compares the CPU engine with the literal loops on some 200 random small networks: modes and
// counts must be equal, and outputs within 1e-5. An fp32 decision can be compared only where it is
// not too close to call. So an utterance is drawn again when, in its literal form, a value lies
// closer than kTooClose to where its decision turns, and the share of such utterances is bounded.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/core/error.hpp"
#include "tests/literal/literal.hpp"
#include "tests/literal/tolerance.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/counts.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

constexpr int kNetworks = 29;  // networks of each kind

// Keeps the modes that the engine tells, by layer, direction and lane.
class ModesSeen final : public LayerObserver {
 public:
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    const bool first =
        seen_.emplace(Key{layer, direction, lane}, Modes(modes.begin(), modes.end())).second;
    EXPECT_TRUE(first) << "layer " << layer << ", lane " << lane << " was told twice";
  }
  using Modes = std::vector<StepMode>;
  using Key = std::tuple<Index, Direction, Index>;
  const std::map<Key, Modes>& seen() const { return seen_; }

 private:
  std::map<Key, Modes> seen_;
};

void expect_near(MatrixView<const float> engine, const Matrix<float>& literal, double tolerance) {
  ASSERT_EQ(engine.rows, literal.rows());
  ASSERT_EQ(engine.cols, literal.cols());
  double worst = 0;
  for (Index t = 0; t < engine.rows; ++t)
    for (Index i = 0; i < engine.cols; ++i) {
      const double wanted = literal(t, i);
      const double error = std::abs(engine(t, i) - wanted) / std::max(1.0, std::abs(wanted));
      worst = std::max(worst, std::isnan(error) ? INFINITY : error);
    }
  EXPECT_LE(worst, tolerance);
}

struct DrawnCase {
  Model model;
  OperatingPoint point;
  std::vector<Matrix<float>> utterances;
  std::vector<LiteralResult> literal;
};

struct Draws {
  int utterances = 0;
  int too_close = 0;
};

// Adds an utterance of 1 to 90 frames whose decisions are clear. Returns false when no one of five
// draws had clear decisions, as may happen where inputs do not change the outputs of a network, for
// instance since all inputs share a centroid.
bool add_utterance(Random& random, DrawnCase& drawn, Draws& draws) {
  const Index frames = random.chance(0.5) ? random.skewed(1, 90) : random.whole(1, 90);
  for (int attempt = 0; attempt < 5; ++attempt) {
    Matrix<float> utterance = random_frames(random, frames, drawn.model.inputs());
    LiteralResult literal = literal_run(drawn.model, drawn.point, utterance.view());
    ++draws.utterances;
    if (literal.margin >= kTooClose) {
      drawn.utterances.push_back(std::move(utterance));
      drawn.literal.push_back(std::move(literal));
      return true;
    }
    ++draws.too_close;
  }
  return false;
}

DrawnCase draw_case(Random& random, Kind kind, Draws& draws) {
  for (;;) {
    DrawnCase drawn;
    drawn.model = random_stack(random);
    drawn.point = random_point(random, drawn.model, kind);
    Index left = random.skewed(1, 9);
    while (left > 0 && add_utterance(random, drawn, draws)) --left;
    if (left == 0) return drawn;
  }
}

void expect_engine_matches(const DrawnCase& drawn) {
  const auto engine = make_cpu_engine(borrowed(drawn.model), {.threads = 1});
  const Ragged<float> batch = ragged(drawn.utterances, drawn.model.inputs());
  ModesSeen observer;
  const BatchResult result = engine->run(batch, drawn.point, &observer);
  std::map<ModesSeen::Key, ModesSeen::Modes> modes;
  for (Index n = 0; n < batch.sequences(); ++n) {
    SCOPED_TRACE(concat("utterance ", n, " of ", batch.sequences(), ", frames ", batch.length(n)));
    const LiteralResult& literal = drawn.literal[static_cast<std::size_t>(n)];
    expect_equal_counts(result.activity[static_cast<std::size_t>(n)], literal.activity);
    expect_near(result.outputs.sequence(n), literal.outputs, kTolerance);
    for (std::size_t l = 0; l < drawn.model.layers.size(); ++l) {
      const RecurrentLayer* lstm = std::get_if<RecurrentLayer>(&drawn.model.layers[l]);
      for (std::size_t d = 0; lstm != nullptr && d < lstm->directions.size(); ++d)
        modes[{static_cast<Index>(l), lstm->directions[d], n}] =
            literal.layers[l].directions[d].modes;
    }
  }
  EXPECT_EQ(observer.seen(), modes);
}

// Work of all utterances of one kind of operating point.
struct Work {
  std::uint64_t executed = 0, dense = 0, skipped = 0, steps = 0;
  void add(const Activity& activity) {
    executed += activity.macs_executed();
    dense += activity.total(Count::kMacsDense);
    skipped += activity.total(Count::kStepsSkipped);
    steps += activity.total(Count::kSteps);
  }
  double executed_share() const {
    return static_cast<double>(executed) / static_cast<double>(dense);
  }
  double skipped_share() const { return static_cast<double>(skipped) / static_cast<double>(steps); }
};

// The networks would prove little if a technique avoided no work, or all of it.
void expect_techniques_acted(Kind kind, const Work& work) {
  SCOPED_TRACE(concat("kind ", static_cast<int>(kind)));
  if (kind == Kind::kDense) {
    EXPECT_EQ(work.executed, work.dense);
  } else {
    EXPECT_GT(work.executed_share(), 0.05);
    EXPECT_LT(work.executed_share(), 0.95);
  }
  if (kind == Kind::kSkip || kind == Kind::kSkipReuse || kind == Kind::kSkipDelta) {
    EXPECT_GT(work.skipped_share(), 0.05);
    EXPECT_LT(work.skipped_share(), 0.95);
  }
}

TEST(LiteralRandom, EngineTakesTheSameDecisionsAndCountsTheSame) {
  Draws draws;
  std::map<Kind, Work> work;
  for (int i = 0; i < kNetworks * static_cast<int>(kKinds.size()) && !HasFailure(); ++i) {
    const int network = i % kNetworks;
    const Kind kind = kKinds[static_cast<std::size_t>(i / kNetworks)];
    SCOPED_TRACE(concat("network ", network, ", kind ", static_cast<int>(kind)));
    // With these seeds a new kind does not change the networks of the others.
    Random random(20260000 + 1000 * static_cast<std::uint64_t>(kind) +
                  static_cast<std::uint64_t>(network));
    const DrawnCase drawn = draw_case(random, kind, draws);
    expect_engine_matches(drawn);
    for (const LiteralResult& literal : drawn.literal) work[kind].add(literal.activity);
  }
  for (const auto& [kind, sum] : work) expect_techniques_acted(kind, sum);
  const double redrawn = static_cast<double>(draws.too_close) / draws.utterances;
  RecordProperty("redrawn_percent", concat(100 * redrawn));
  EXPECT_LT(redrawn, 0.05) << draws.too_close << " of " << draws.utterances
                           << " draws were too close to call";
}

}  // namespace
}  // namespace edgeval::test
