// The headline promise: outputs and counts of an utterance are the same bits whatever shares its
// batch, in whatever order, on however many threads and in chunks of whatever size; in integer
// arithmetic also whether the processor multiplies bytes or floats. Random networks, the spoken set
// that ships and AN4's real features.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "host/core/error.hpp"
#include "tests/support/an4.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/spoken.hpp"

namespace edgeval::test {
namespace {

struct UtteranceResult {
  std::vector<float> outputs;
  Activity activity;
  bool operator==(const UtteranceResult&) const = default;
};

// Runs the utterances in the given order in batches of `batch`. Returns the results in the order of
// the utterances in `all`.
std::vector<UtteranceResult> run_in_batches(Engine& engine, const Ragged<float>& all,
                                            const OperatingPoint& point,
                                            const std::vector<Index>& order, Index batch) {
  std::vector<UtteranceResult> results(order.size());
  for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(batch)) {
    const std::size_t last = std::min(order.size(), first + static_cast<std::size_t>(batch));
    std::vector<Index> lengths;
    for (std::size_t k = first; k < last; ++k) lengths.push_back(all.length(order[k]));
    Ragged<float> features(lengths, all.cols());
    for (std::size_t k = first; k < last; ++k)
      std::copy_n(all.sequence(order[k]).data, lengths[k - first] * all.cols(),
                  features.sequence(static_cast<Index>(k - first)).data);
    BatchResult result = engine.run(features, point);
    for (std::size_t k = first; k < last; ++k) {
      const auto outputs = std::as_const(result.outputs).sequence(static_cast<Index>(k - first));
      results[static_cast<std::size_t>(order[k])] = {
          {outputs.data, outputs.data + outputs.rows * outputs.cols},
          std::move(result.activity[k - first])};
    }
  }
  return results;
}

std::vector<Index> in_order(Index count) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<Index> shuffled(Random& random, Index count) {
  std::vector<Index> order = in_order(count);
  for (Index i = count - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(random.whole(0, i))]);
  return order;
}

// Returns the features, or, unless tests take whole sets, at most the first 36 frames of the first
// utterance, the first 34 of the second, and so on.
Ragged<float> shortened(Ragged<float> whole) {
  if (takes_whole_sets()) return whole;
  std::vector<Index> lengths;
  for (Index n = 0; n < whole.sequences(); ++n)
    lengths.push_back(std::min<Index>(whole.length(n), 36 - 2 * n));
  Ragged<float> result(lengths, whole.cols());
  for (Index n = 0; n < whole.sequences(); ++n)
    std::copy_n(whole.sequence(n).data, result.length(n) * whole.cols(), result.sequence(n).data);
  return result;
}

// More utterances than a block of rows has, which end at different steps.
constexpr Index kShortened = 18;

Ragged<float> an4_features(const FrontendConfig& frontend) {
  return shortened(an4_test_features(frontend, takes_whole_sets() ? 0 : kShortened));
}
Ragged<float> spoken_features(const FrontendConfig& frontend) {
  return shortened(spoken_test_features(frontend, takes_whole_sets() ? 0 : kShortened));
}

struct Way {
  int threads;
  std::int64_t chunk_bytes;
  Index batch;   // utterances per batch; 0 for all at once
  bool shuffle;  // whether every run has another order
  bool bytes = true;
};

constexpr Way kWays[] = {
    {1, 1 << 20, 1, false},  {1, 1 << 20, 2, true},        {1, 1 << 12, 7, false, false},
    {1, 1 << 20, 64, true},  {1, 1 << 12, 0, true},        {2, 1 << 20, 0, false},
    {2, 1 << 12, 64, false}, {2, 1 << 20, 7, true, false}, {2, 1 << 12, 3, true}};

// Real features, which take long, are run in every second way, unless EDGEVAL_FULL is set: these
// vary all that a way says.
std::size_t stride_of_real_features() { return takes_whole_sets() ? 1 : 2; }

// Runs the features in every `stride`-th way, and expects the same bits and counts from each.
void expect_one_result(const Model& model, const Ragged<float>& features,
                       const OperatingPoint& point, Random& random, std::size_t stride = 1) {
  const Index count = features.sequences();
  std::vector<UtteranceResult> wanted;
  for (std::size_t i = 0; i < std::size(kWays); i += stride) {
    const Way& way = kWays[i];
    SCOPED_TRACE(concat("threads ", way.threads, ", chunk ", way.chunk_bytes, ", batch ", way.batch,
                        ", shuffled ", way.shuffle, ", bytes ", way.bytes));
    const auto engine = make_cpu_engine(
        borrowed(model),
        {.threads = way.threads, .chunk_bytes = way.chunk_bytes, .byte_instructions = way.bytes});
    const std::vector<Index> order = way.shuffle ? shuffled(random, count) : in_order(count);
    std::vector<UtteranceResult> got =
        run_in_batches(*engine, features, point, order, way.batch == 0 ? count : way.batch);
    if (wanted.empty())
      wanted = std::move(got);
    else
      for (Index n = 0; n < count; ++n)
        EXPECT_TRUE(wanted[static_cast<std::size_t>(n)] == got[static_cast<std::size_t>(n)])
            << "utterance " << n;
  }
}

class Invariance : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(EveryKind, Invariance, testing::ValuesIn(kKinds),
                         [](const auto& of) { return std::string(name(of.param)); });

TEST_P(Invariance, OfRandomNetworksToBatchOrderThreadsAndChunks) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(4100 + seed);
    const Model model = random_stack(random);
    std::vector<Index> lengths;
    for (int n = 0; n < 70; ++n) lengths.push_back(random.skewed(1, 90));
    const Ragged<float> features = random_batch(random, lengths, model.inputs());
    expect_one_result(model, features, random_point(random, model, GetParam()), random);
  }
}

TEST_P(Invariance, OfAn4ToBatchOrderThreadsAndChunks) {
  EDGEVAL_NEEDS_SHARED(kAn4Model);
  EDGEVAL_NEEDS_SHARED(kAn4Data);
  const Model model = an4_model();
  const Ragged<float> features = an4_features(model.frontend);
  Random random(4200);
  expect_one_result(model, features, random_point(random, model, GetParam()), random,
                    stride_of_real_features());
}

class IntegerInvariance : public testing::TestWithParam<std::tuple<IntegerKind, Kind>> {
 protected:
  OperatingPoint point(Random& random, const Model& model) const {
    OperatingPoint point = random_point(random, model, std::get<Kind>(GetParam()));
    make_integer(random, std::get<IntegerKind>(GetParam()), point);
    return point;
  }
};

INSTANTIATE_TEST_SUITE_P(EveryKind, IntegerInvariance,
                         testing::Combine(testing::Values(IntegerKind::kInt16, IntegerKind::kInt8,
                                                          IntegerKind::kBoth),
                                          testing::ValuesIn(kKinds)),
                         [](const auto& of) {
                           return std::string(name(std::get<0>(of.param))) +
                                  name(std::get<1>(of.param));
                         });

TEST_P(IntegerInvariance, OfRandomNetworksToBatchOrderThreadsChunksAndInstructions) {
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(4400 + seed);
    const Model model = random_stack(random);
    std::vector<Index> lengths;
    for (int n = 0; n < 70; ++n) lengths.push_back(random.skewed(1, 90));
    const Ragged<float> features = random_batch(random, lengths, model.inputs());
    expect_one_result(model, features, point(random, model), random);
  }
}

TEST_P(IntegerInvariance, OfAn4ToBatchOrderThreadsChunksAndInstructions) {
  EDGEVAL_NEEDS_SHARED(kAn4Model);
  EDGEVAL_NEEDS_SHARED(kAn4Data);
  const Model model = an4_model();
  const Ragged<float> features = an4_features(model.frontend);
  Random random(4500);
  expect_one_result(model, features, point(random, model), random, stride_of_real_features());
}

class CellInvariance : public testing::TestWithParam<NamedCell> {};
INSTANTIATE_TEST_SUITE_P(EveryCell, CellInvariance, testing::ValuesIn(every_cell()),
                         [](const auto& info) { return info.param.name; });

TEST_P(CellInvariance, OfRandomNetworksToBatchOrderThreadsChunksAndInstructions) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(4700 + seed);
    const Model model = random_model({.inputs = random.skewed(1, 40),
                                      .lstm = random_cell_layers(random, GetParam(), 2),
                                      .outputs = 3},
                                     seed);
    std::vector<Index> lengths;
    for (int n = 0; n < 40; ++n) lengths.push_back(random.skewed(1, 60));
    const Ragged<float> features = random_batch(random, lengths, model.inputs());
    OperatingPoint point =
        random_point(random, model, GetParam().in_halves() ? Kind::kSkip : Kind::kMixed);
    if (seed % 2 == 1) make_integer(random, IntegerKind::kBoth, point);
    expect_one_result(model, features, point, random);
  }
}

class SpokenInvariance : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

INSTANTIATE_TEST_SUITE_P(ShippedPolicies, SpokenInvariance,
                         testing::Combine(testing::Values("int16", "int8"),
                                          testing::Values("", "skip_delta.yaml")));

TEST_P(SpokenInvariance, OfTheShippedSetToBatchOrderThreadsChunksAndInstructions) {
  const Model model = load_spoken_model();
  const auto& [arithmetic, policy] = GetParam();
  Random random(4600);
  expect_one_result(model, spoken_features(model.frontend), spoken_point(model, arithmetic, policy),
                    random, stride_of_real_features());
}

// The techniques that choose between two products.
struct Choice {
  const char* arithmetic;
  std::vector<std::string> settings;
};

void PrintTo(const Choice& choice, std::ostream* out) {
  *out << choice.arithmetic;
  for (const std::string& setting : choice.settings) *out << ' ' << setting;
}

class ChoiceInvariance : public testing::TestWithParam<Choice> {};

const std::string kSkip = "plan.type=similarity_skip", kSkipAbove = "plan.threshold=0.7",
                  kPseudoAbove = "plan.pseudo.threshold=0.3", kDelta = "operand.type=delta",
                  kDeltaX = "operand.threshold_x=0.1", kDeltaH = "operand.threshold_h=0.1",
                  kMemoized = "operand.type=memoized";
INSTANTIATE_TEST_SUITE_P(
    Techniques, ChoiceInvariance,
    testing::Values(Choice{"int16", {kSkip, kSkipAbove, kPseudoAbove}},
                    Choice{"int16", {kSkip, kSkipAbove, kPseudoAbove, kDelta, kDeltaX, kDeltaH}},
                    Choice{"int16", {kMemoized, "operand.threshold=0.1"}},
                    Choice{"int8", {kMemoized, "operand.threshold=0.1"}},
                    Choice{"fp32", {kMemoized, "operand.threshold=0.1"}},
                    Choice{"int8", {"operand.type=dynamic_precision"}},
                    Choice{"fp32", {"operand.type=dynamic_precision"}},
                    Choice{"fp32", {"operand.type=dynamic_precision", "operand.selector=random"}}));

TEST_P(ChoiceInvariance, OfTheShippedSetToBatchOrderThreadsChunksAndInstructions) {
  const Model model = load_spoken_model();
  Random random(4700);
  expect_one_result(model, spoken_features(model.frontend),
                    spoken_point(model, GetParam().arithmetic, "", GetParam().settings), random,
                    stride_of_real_features());
}

TEST_P(ChoiceInvariance, OfAn4ToBatchOrderThreadsChunksAndInstructions) {
  EDGEVAL_NEEDS_SHARED(kAn4Data);
  const Model model = load_spoken_model();
  Random random(4800);
  expect_one_result(model, an4_features(model.frontend),
                    spoken_point(model, GetParam().arithmetic, "", GetParam().settings), random,
                    stride_of_real_features());
}

TEST(EmptyInputs, AreRun) {
  Random random(4300);
  const Model model = random_stack(random);
  for (Kind kind : kKinds) {
    const OperatingPoint point = random_point(random, model, kind);
    const auto engine = make_cpu_engine(borrowed(model), {.threads = 1});
    EXPECT_EQ(engine->run(Ragged<float>({}, model.inputs()), point).activity.size(), 0U);
    const std::vector<Index> lengths{0, 3, 0};
    const BatchResult result = engine->run(random_batch(random, lengths, model.inputs()), point);
    EXPECT_EQ(result.outputs.lengths(), lengths);
    EXPECT_EQ(result.activity[0].total(Count::kMacsDense), 0U);
    EXPECT_EQ(result.activity[2].macs_executed(), 0U);
  }
}

}  // namespace
}  // namespace edgeval::test
