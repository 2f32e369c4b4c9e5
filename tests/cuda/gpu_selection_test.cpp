// Compares memoization, dynamic precision and pseudo-skips on the GPU with the CPU engine, on every
// kind of cell that they go with.
#include "tests/cuda/compare.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"

namespace edgeval::test {
namespace {

std::vector<NamedCell> plain_and_every_cell() {
  std::vector<NamedCell> cells = every_cell();
  cells.insert(cells.begin(), {"Lstm", kLstm, {}});
  return cells;
}

class GpuSelection : public testing::TestWithParam<NamedCell> {
 protected:
  bool in_halves() const { return GetParam().in_halves(); }
  bool follows_c() const { return GetParam().has_c() && GetParam().form.projection == 0; }
  // Expects a policy that the cell's equations do not allow to be refused before anything runs.
  static void expect_refused(const Case& c) {
    EXPECT_THROW(gpu::make_engine(borrowed(c.model), {})->run(c.features, c.point), Error);
  }
  // Returns a case with layers of the cell, of which some skip steps. choose(random) is the operand
  // of each.
  template <class Choose>
  Case draw(Random& random, const std::vector<Index>& lengths, const Choose& choose) const {
    Case c{.model = cell_model(random, GetParam()), .point = {}, .features = {}};
    c.point = random_point(random, c.model, random.chance(0.4) ? Kind::kSkip : Kind::kDense);
    for (std::size_t l = 0; l < c.model.layers.size(); ++l)
      if (std::holds_alternative<RecurrentLayer>(c.model.layers[l]))
        c.point.layers[l].operand = choose(random);
    c.features = random_batch(random, lengths, c.model.inputs());
    return c;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryCell, GpuSelection, testing::ValuesIn(plain_and_every_cell()),
                         [](const auto& info) { return info.param.name; });

OperandChoice random_memo(Random& random) {
  return Memoized{
      .threshold = random.of<double>({-1, 0.3, 0.6, 1}),
      .predictor = random.of<MemoPredictor>({MemoPredictor::kBinary, MemoPredictor::kOracle})};
}
OperandChoice random_precision(Random& random) {
  return DynamicPrecision{
      .margin = random.of<double>({0, 0.1}),
      .profiling_share = random.of<double>({0.05, 0.2}),
      .offset_bit = random.of<Switch>({Switch::kOff, Switch::kOn}),
      .selector = random.of<PrecisionSelector>(
          {PrecisionSelector::kPeaks, PrecisionSelector::kPeaks, PrecisionSelector::kRandom}),
      .seed = 7,
      .input_alpha = random.of<double>({2, 2.3})};
}

TEST_P(GpuSelection, RemembersAsTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  if (in_halves()) {
    Random random(9300);
    return expect_refused(draw(random, few_lanes(), random_memo));
  }
  Decisions decisions;
  for (std::uint64_t seed : case_seeds(1, 12)) {
    SCOPED_TRACE(seed);
    Random random(9300 + seed);
    Case c = draw(random, seed % 4 == 0 ? many_lanes() : few_lanes(), random_memo);
    if (seed % 3 == 0) draw_nonlinearities(random, c, random_continuous);
    decisions.compare(c);
  }
  decisions.expect_few_differ();
}

TEST_P(GpuSelection, RemembersTheBitsOfTheCpuEngineInIntegers) {
  EDGEVAL_NEEDS_GPU();
  if (in_halves()) {
    Random random(9300);
    return expect_refused(draw(random, few_lanes(), random_memo));
  }
  for (std::uint64_t seed : case_seeds(1, 12)) {
    SCOPED_TRACE(seed);
    Random random(9400 + seed);
    Case c = draw(random, few_lanes(), random_memo);
    make_integer(random, IntegerKind::kBoth, c.point);
    if (seed % 3 == 0) draw_nonlinearities(random, c, random_nonlinearity);
    expect_the_bits_of_the_cpu(c);
  }
}

// Under fp32 the products of dynamic precision are exact, too, and the code behind them is the
// same.
TEST_P(GpuSelection, ChoosesPrecisionsAsTheCpuEngineBitForBit) {
  EDGEVAL_NEEDS_GPU();
  if (!follows_c()) {
    Random random(9500);
    return expect_refused(draw(random, few_lanes(), random_precision));
  }
  for (std::uint64_t seed : case_seeds(1, 12)) {
    SCOPED_TRACE(seed);
    Random random(9500 + seed);
    Case c = draw(random, few_lanes(), random_precision);
    if (seed % 2 == 0) make_integer(random, IntegerKind::kInt8, c.point);
    if (std::holds_alternative<LinearLayer>(c.model.layers.back()))
      c.point.layers.back().arithmetic = Int16{{.input_bits = 13}};
    if (seed % 3 == 0) draw_nonlinearities(random, c, random_nonlinearity);
    expect_the_bits_of_the_cpu(c);
  }
}

// Returns a batch with some jumps over more than half of the range, which under the delta operand
// need more than 16 bits.
Ragged<float> jumping_batch(Random& random, const std::vector<Index>& lengths, Index inputs) {
  Ragged<float> batch = random_batch(random, lengths, inputs);
  for (float& value : batch.values.values())
    if (random.chance(0.05)) value = random.of<float>({-4, 4});
  return batch;
}

SimilaritySkip random_pseudo(Random& random) {
  return {.threshold = random.of<double>({0.6, 0.8, 1}),
          .max_consecutive = random.of<double>({0, 1, 2}),
          .shift = static_cast<double>(random.whole(8, 11)),
          .fraction_bits = 12,
          .pseudo_threshold = random.of<double>({-1, 0.1, 0.3}),
          .pseudo_clip = random.of<double>({0, 0.01, 0.1}),
          .delta_scale = random.of<double>({0x1p-8, 0x1p-6, 0x1p2})};
}

TEST_P(GpuSelection, PseudoSkipsAsTheCpuEngineBitForBit) {
  EDGEVAL_NEEDS_GPU();
  if (in_halves()) {
    Random random(9800);
    Case c = draw(random, few_lanes(), [](Random&) -> OperandChoice { return AsIs{}; });
    make_integer(random, IntegerKind::kInt16, c.point);
    c.point.layers[0].plan = random_pseudo(random);
    return expect_refused(c);
  }
  for (std::uint64_t seed : case_seeds(1, 12)) {
    SCOPED_TRACE(seed);
    Random random(9800 + seed);
    Case c = draw(random, few_lanes(), [](Random& r) -> OperandChoice {
      if (r.chance(0.5)) return AsIs{};
      return Delta{.threshold_x = r.uniform(0, 0.3), .threshold_h = r.uniform(0, 0.1)};
    });
    make_integer(random, IntegerKind::kInt16, c.point);
    for (std::size_t l = 0; l < c.model.layers.size(); ++l)
      if (std::holds_alternative<RecurrentLayer>(c.model.layers[l]))
        c.point.layers[l].plan = random_pseudo(random);
    if (seed % 3 == 0) draw_nonlinearities(random, c, random_nonlinearity);
    c.features = jumping_batch(random, few_lanes(), c.model.inputs());
    expect_the_bits_of_the_cpu(c);
  }
}

TEST_P(GpuSelection, DoesNotDependOnTheBatch) {
  EDGEVAL_NEEDS_GPU();
  if (in_halves()) {
    Random random(9300);
    return expect_refused(draw(random, few_lanes(), random_memo));
  }
  for (bool integers : {false, true}) {
    Random random(9600);
    Case c = draw(random, many_lanes(), follows_c() ? random_precision : random_memo);
    if (integers) make_integer(random, IntegerKind::kInt8, c.point);
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
    expect_the_same_in_batches(*engine, c, engine->run(c.features, c.point), {1, 7, 64});
  }
}

// Graphs that were recorded for one choice must not serve another.
TEST_P(GpuSelection, RunsChoiceAfterChoiceOnOneEngine) {
  EDGEVAL_NEEDS_GPU();
  if (in_halves()) {
    Random random(9300);
    return expect_refused(draw(random, few_lanes(), random_memo));
  }
  Random random(9700);
  Case c = draw(random, many_lanes(), random_memo);
  make_integer(random, IntegerKind::kInt8, c.point);
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
  for (std::uint64_t turn = 0; turn < 6; ++turn) {
    SCOPED_TRACE(turn);
    for (std::size_t l = 0; l < c.model.layers.size(); ++l)
      if (std::holds_alternative<RecurrentLayer>(c.model.layers[l]))
        c.point.layers[l].operand =
            follows_c() && turn % 2 == 1 ? random_precision(random) : random_memo(random);
    const BatchResult cpu = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
    const BatchResult gpu = engine->run(c.features, c.point);
    ASSERT_EQ(gpu.activity, cpu.activity);
    ASSERT_TRUE(same_bits(gpu.outputs, cpu.outputs));
  }
}

}  // namespace
}  // namespace edgeval::test
