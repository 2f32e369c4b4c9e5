// Several devices share a batch and give the bits that one device gives.
#include "cuda/on_devices.hpp"
#include "tests/cuda/compare.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"
#include "tests/support/searches.hpp"

namespace edgeval::test {
namespace {

TEST(GpuShares, AreEvenAndHaveEverySequenceOnce) {
  Random random(1);
  for (int turn = 0; turn < 500; ++turn) {
    std::vector<Index> offsets{0};
    Index longest = 0;
    for (Index n = random.whole(0, 12); n > 0; --n) {
      const Index length = random.chance(0.2) ? 0 : random.whole(1, turn % 2 == 0 ? 3 : 1000);
      longest = std::max(longest, length);
      offsets.push_back(offsets.back() + length);
    }
    const Index shares = random.whole(1, 5);
    const std::vector<Index> begin = gpu::shares_of(offsets, shares);
    ASSERT_EQ(std::ssize(begin), shares + 1);
    ASSERT_EQ(begin.front(), 0);
    ASSERT_EQ(begin.back(), std::ssize(offsets) - 1);
    ASSERT_TRUE(std::ranges::is_sorted(begin));
    for (Index s = 0; s < shares; ++s)
      ASSERT_LE((offsets[begin[s + 1]] - offsets[begin[s]] - longest) * shares, offsets.back());
  }
  EXPECT_EQ(gpu::shares_of({0, 9, 19}, 2), (std::vector<Index>{0, 1, 2}));
  EXPECT_EQ(gpu::shares_of({0, 10, 19}, 2), (std::vector<Index>{0, 1, 2}));
  EXPECT_EQ(gpu::shares_of({0, 90, 91, 92}, 3), (std::vector<Index>{0, 1, 2, 3}));
  EXPECT_EQ(gpu::shares_of({0, 0, 0, 5, 10}, 2), (std::vector<Index>{0, 3, 4}));
}

std::vector<int> all_devices() {
  std::vector<int> numbers;
  for (const gpu::Device& device : gpu::devices()) numbers.push_back(device.number);
  return numbers;
}

// Tests with floats need devices that multiply alike.
bool are_alike() {
  const std::vector<gpu::Device> devices = gpu::devices();
  return kOnStandin || std::ranges::all_of(devices, [&](const gpu::Device& device) {
           return device.name == devices.front().name;
         });
}

class GpuDevices : public testing::Test {
 protected:
  void SetUp() override {
    EDGEVAL_NEEDS_GPU();
    if (all_devices().size() < 2) GTEST_SKIP() << "there is one device";
  }
};

// Expects all results of the points to be the same bits on all devices as on the first alone.
void expect_as_on_one(const Model& model, const Ragged<float>& features,
                      const std::vector<OperatingPoint>& points) {
  const auto one = gpu::make_engine(borrowed(model), {}),
             all = gpu::make_engine(borrowed(model), {.gpus = {all_devices()}});
  OrderedResults expected, found;
  for (const auto& [engine, results] : {std::pair(&*one, &expected), std::pair(&*all, &found)})
    engine->run(*engine->prepare({std::shared_ptr<void>(), &features}), points,
                {.outputs = true, .best = true, .final_states = true}, *results);
  ASSERT_EQ(found.points(), std::ssize(points));
  for (Index p = 0; p < std::ssize(points); ++p) {
    SCOPED_TRACE(concat("point ", p));
    const BatchResult &a = found.of(p), &b = expected.of(p);
    ASSERT_EQ(a.activity, b.activity);
    ASSERT_TRUE(same_bits(a.outputs, b.outputs));
    ASSERT_EQ(a.best.offsets, b.best.offsets);
    ASSERT_TRUE(std::ranges::equal(a.best.values.values(), b.best.values.values()));
    ASSERT_EQ(a.final_states.size(), b.final_states.size());
    for (std::size_t layer = 0; layer < b.final_states.size(); ++layer)
      for (std::size_t d = 0; d < b.final_states[layer].size(); ++d)
        for (const auto of : {&FinalStates::h, &FinalStates::c})
          ASSERT_TRUE(std::ranges::equal((a.final_states[layer][d].*of).values(),
                                         (b.final_states[layer][d].*of).values()));
  }
}

TEST_F(GpuDevices, GiveTheBitsOfOne) {
  for (const std::uint64_t seed : case_seeds(1, 14)) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(500 + seed);
    const Model model = model_of_relatives();
    std::vector<Index> lengths;
    for (Index n = random.whole(0, 9); n > 0; --n)
      lengths.push_back(random.chance(0.2) ? 0 : random.skewed(1, 60));
    const Ragged<float> features = random_batch(random, lengths, model.inputs());
    const Kind kind = random.of<Kind>({kKinds.begin(), kKinds.end()});
    expect_as_on_one(model, features, integer_relatives(random, model, kind, 4));
    if (are_alike()) expect_as_on_one(model, features, relatives(random, model, kind, 4));
  }
}

TEST_F(GpuDevices, MayBeMoreThanUtterances) {
  Random random(3);
  const Model model = model_of_relatives();
  const std::vector<OperatingPoint> points =
      integer_relatives(random, model, Kind::kMixed, takes_all_cases() ? 4 : 2);
  for (const std::vector<Index>& lengths :
       std::vector<std::vector<Index>>{{}, {0}, {0, 0, 0}, {40}, {1, 0}, {0, 0, 7}})
    expect_as_on_one(model, random_batch(random, lengths, model.inputs()), points);
}

TEST_F(GpuDevices, RefuseAnObserver) {
  Random random(5);
  const Model model = model_of_relatives();
  const Ragged<float> features = random_batch(random, {3, 4}, model.inputs());
  Plans plans;
  try {
    gpu::make_engine(borrowed(model), {.gpus = {all_devices()}})
        ->run(features, dense_point(model), &plans);
    FAIL() << "an observer sees one device";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--device"), std::string::npos);
  }
}

TEST_F(GpuDevices, AreEachNamedOnceAndThere) {
  const Model model = model_of_relatives();
  const auto message = [&](std::vector<int> numbers) -> std::string {
    try {
      gpu::make_engine(borrowed(model), {.gpus = {std::move(numbers)}});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const int first = all_devices().front();
  EXPECT_EQ(message({first, first}), concat("--device: gpu:", first, " is named twice"));
  EXPECT_NE(message({first, 99}).find("--device: there is no gpu:99"), std::string::npos);
}

// What a sink throws on one device's thread reaches the caller, and nothing is received after it.
TEST_F(GpuDevices, EndWithTheErrorOfTheSink) {
  struct Full {};
  struct Failing final : ResultSink {
    int left = 0, late = 0;
    void receive(std::span<const Index>, Index, BatchResult&&) override {
      if (left-- == 0) throw Full();
      if (left < -1) ++late;
    }
  };
  Random random(4);
  const Model model = model_of_relatives();
  const Ragged<float> features = random_batch(random, {20, 19, 18}, model.inputs());
  const std::vector<OperatingPoint> points = integer_relatives(random, model, Kind::kMixed, 3);
  const auto engine = gpu::make_engine(borrowed(model), {.gpus = {all_devices()}});
  const auto batch = engine->prepare({std::shared_ptr<void>(), &features});
  for (int taken = 0; taken < 4; ++taken) {
    Failing sink;
    sink.left = taken;
    EXPECT_THROW(engine->run(*batch, points, {.best = true}, sink), Full);
    EXPECT_EQ(sink.late, 0);
  }
}

TEST_F(GpuDevices, TranslateAsOne) {
  for (const std::uint64_t seed : case_seeds(1, 7)) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(600 + seed);
    const TranslationModel model = random_model(600 + seed);
    std::vector<Index> lengths;
    for (Index n = random.whole(2, 9); n > 0; --n) lengths.push_back(random.skewed(1, 12));
    const EncodedBatch batch = random_given(random, model, lengths, random.chance(0.2));
    const std::vector<SearchPoint> points = random_searches(random, model, 2, are_alike());
    const auto one = gpu::make_decoder_engine(borrowed(model)),
               all = gpu::make_decoder_engine(borrowed(model), {.gpus = {all_devices()}});
    OrderedSearches expected, found;
    one->search(batch, points, expected);
    all->search(batch, points, found);
    ASSERT_EQ(found.points.size(), points.size());
    for (std::size_t p = 0; p < points.size(); ++p)
      for (std::size_t n = 0; n < lengths.size(); ++n)
        expect_equal(found.points[p][n], expected.points[p][n]);
    std::vector<std::vector<int>> targets(lengths.size());
    for (std::vector<int>& target : targets)
      for (Index t = random.whole(0, 5); t > 0; --t)
        target.push_back(static_cast<int>(random.whole(0, model.target_embedding.rows() - 1)));
    EXPECT_EQ(all->log_probabilities(batch, points[0].layers, targets),
              one->log_probabilities(batch, points[0].layers, targets));
  }
}

}  // namespace
}  // namespace edgeval::test
