// Device memory from point to point of one engine: what grew for one is no trouble to another.
#include "tests/cuda/compare.hpp"

namespace edgeval::test {
namespace {

// Steps enough that they are replayed from recordings, which hold the addresses of all memory.
TEST(GpuMemory, ReplaysNoRecordingOfMemoryThatMoved) {
  EDGEVAL_NEEDS_GPU();
  const Model model =
      random_model({.inputs = 20,
                    .lstm = {{.cells = 100}, {.cells = 128, .kind = LayerKind::kGru}},
                    .outputs = 0},
                   1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {70, 66, 68}, 20);
  const LayerPolicy dense{
      .plan = EveryStep{}, .operand = AsIs{}, .arithmetic = Int8{{.input_bits = 5}}};
  std::vector<OperatingPoint> points;
  for (const OperandChoice& other : std::vector<OperandChoice>{Memoized{.threshold = 0.5}, Delta{}})
    for (std::size_t layer : {std::size_t{0}, std::size_t{1}}) {
      OperatingPoint& point = points.emplace_back(OperatingPoint{{dense, dense}});
      point.layers[layer].operand = other;
    }
  const std::unique_ptr<Engine> gpu = gpu::make_engine(model, {}), cpu = make_cpu_engine(model, {});
  // Each after each other.
  for (const OperatingPoint& before : points)
    for (const OperatingPoint& point : points)
      for (const OperatingPoint* now : {&point, &before}) {
        const BatchResult expected = cpu->run(features, *now), found = gpu->run(features, *now);
        ASSERT_EQ(found.activity, expected.activity);
        ASSERT_TRUE(same_bits(found.outputs, expected.outputs));
      }
}

}  // namespace
}  // namespace edgeval::test
