// Compares every kind of cell on the GPU with the CPU engine, under every plan and operand that its
// equations allow.
#include "tests/cuda/compare.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/points.hpp"

namespace edgeval::test {
namespace {

class GpuCells : public testing::TestWithParam<NamedCell> {
 protected:
  std::vector<Kind> kinds() const {
    if (GetParam().in_halves()) return {Kind::kDense, Kind::kSkip};
    return {std::begin(kKinds), std::end(kKinds)};
  }
  Case draw(Random& random, Kind kind, const std::vector<Index>& lengths) const {
    Case c{.model = cell_model(random, GetParam()), .point = {}, .features = {}};
    c.point = random_point(random, c.model, kind);
    c.features = random_batch(random, lengths, c.model.inputs());
    return c;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryCell, GpuCells, testing::ValuesIn(every_cell()),
                         [](const auto& info) { return info.param.name; });

TEST_P(GpuCells, DecideAndComputeAsOnTheCpu) {
  EDGEVAL_NEEDS_GPU();
  Decisions decisions;
  for (Kind kind : kinds())
    for (std::uint64_t seed : case_seeds(1, 8)) {
      SCOPED_TRACE(concat("kind ", static_cast<int>(kind), ", seed ", seed));
      Random random(9000 + seed);
      Case c = draw(random, kind, seed % 4 == 0 ? many_lanes() : few_lanes());
      if (seed % 3 == 0) draw_nonlinearities(random, c, random_continuous);
      decisions.compare(c);
    }
  decisions.expect_few_differ();
}

TEST_P(GpuCells, GiveTheBitsOfTheCpuInIntegers) {
  EDGEVAL_NEEDS_GPU();
  for (Kind kind : kinds())
    for (std::uint64_t seed : case_seeds(1, 6)) {
      SCOPED_TRACE(concat("kind ", static_cast<int>(kind), ", seed ", seed));
      Random random(9100 + seed);
      Case c = draw(random, kind, few_lanes());
      make_integer(random, seed % 2 == 0 ? IntegerKind::kInt16 : IntegerKind::kInt8, c.point);
      if (seed % 3 == 0) draw_nonlinearities(random, c, random_nonlinearity);
      expect_the_bits_of_the_cpu(c);
    }
}

// The points differ in rules and plans, so that they run side by side and share their input.
TEST_P(GpuCells, GiveForManyPointsWhatEachGivesAlone) {
  EDGEVAL_NEEDS_GPU();
  for (bool integers : {false, true}) {
    SCOPED_TRACE(integers);
    Random random(9300 + standin_turn());
    const Kind kind = GetParam().in_halves() ? Kind::kSkip : Kind::kSkipDelta;
    Case c = draw(random, kind, {33, 0, 1, 20});
    if (integers) make_integer(random, IntegerKind::kBoth, c.point);
    std::vector<OperatingPoint> points{c.point};
    for (const double threshold : {0.3, 0.9}) {
      OperatingPoint& point = points.emplace_back(c.point);
      for (LayerPolicy& layer : point.layers) {
        if (auto* skip = std::get_if<SimilaritySkip>(&layer.plan)) skip->threshold = threshold;
        if (auto* delta = std::get_if<Delta>(&layer.operand)) delta->threshold_x = threshold;
      }
    }
    expect_points_as_alone(*gpu::make_engine(borrowed(c.model), {}), c.features, points);
  }
}

TEST_P(GpuCells, DoNotDependOnTheBatch) {
  EDGEVAL_NEEDS_GPU();
  for (bool integers : {false, true}) {
    Random random(9200);
    Case c = draw(random, GetParam().in_halves() ? Kind::kSkip : Kind::kMixed, many_lanes());
    if (integers) make_integer(random, IntegerKind::kBoth, c.point);
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
    expect_the_same_in_batches(*engine, c, engine->run(c.features, c.point), {1, 7, 64});
  }
}

}  // namespace
}  // namespace edgeval::test
