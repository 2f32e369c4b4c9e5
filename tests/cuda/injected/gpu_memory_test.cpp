// One engine runs point after point: memory that grew for one does not disturb another, and nobody
// writes to memory that was given back. The tests run on the stand-in for CUDA, which sees such
// writes (tests/standin/control.hpp).
#include "host/engine/translate/translator.hpp"
#include "tests/cuda/compare.hpp"
#include "tests/standin/control.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {
namespace {

// There are enough steps that they are replayed from recordings, which hold the addresses of all
// memory. Between two runs of a point another point makes the operand of the second product grow,
// and nothing else that the recordings hold.
TEST(GpuMemory, ReplaysNoRecordingOfMemoryThatMoved) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model(
      {.inputs = 20, .lstm = {{.cells = 100}, {.cells = 128, .kind = kGru}}, .outputs = 0}, 1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {70, 66, 68}, 20);
  const LayerPolicy dense{
      .plan = EveryStep{}, .operand = AsIs{}, .arithmetic = Int8{{.input_bits = 5}}};
  OperatingPoint narrow{{dense, dense}}, wide{{dense, dense}};
  narrow.layers[0].operand = wide.layers[1].operand = Memoized{.threshold = 0.5};
  const std::unique_ptr<Engine> gpu = gpu::make_engine(borrowed(model), {}),
                                cpu = make_cpu_engine(borrowed(model), {});
  const auto run = [&](const OperatingPoint& point) {
    const BatchResult expected = cpu->run(features, point), found = gpu->run(features, point);
    ASSERT_EQ(found.activity, expected.activity);
    ASSERT_TRUE(same_bits(found.outputs, expected.outputs));
  };
  for (const OperatingPoint& point : {narrow, wide, narrow, wide}) run(point);
  EXPECT_TRUE(standin::freed_memory_is_untouched());
}

// What differs between batches is kept in device memory. So a batch of other lanes, whose input and
// output lie elsewhere, instantiates no new graph, which would count as an allocation.
TEST(GpuMemory, ReplaysTheRecordingsOfOtherBatches) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 20, .lstm = {{.cells = 100}}, .outputs = 0}, 1);
  Random random(2);
  const Ragged<float> many = random_batch(random, {70, 66, 68}, 20),
                      few = random_batch(random, {50, 69}, 20);
  OperatingPoint point{{{.plan = EveryStep{}, .operand = Memoized{.threshold = 0.5}}}};
  const std::unique_ptr<Engine> gpu = gpu::make_engine(borrowed(model), {}),
                                cpu = make_cpu_engine(borrowed(model), {});
  for (const Arithmetic& arithmetic : std::vector<Arithmetic>{Fp32{}, Int8{{.input_bits = 5}}}) {
    point.layers[0].arithmetic = arithmetic;
    gpu->run(many, point);
    const long before = standin::allocations();
    for (const Ragged<float>* features : {&few, &many, &few}) {
      const BatchResult found = gpu->run(*features, point);
      if (std::holds_alternative<Fp32>(arithmetic)) continue;
      const BatchResult expected = cpu->run(*features, point);
      ASSERT_EQ(found.activity, expected.activity);
      ASSERT_TRUE(same_bits(found.outputs, expected.outputs));
    }
    EXPECT_EQ(standin::allocations(), before);
  }
}

// A search that ends in an error has asked for reports that nobody waits for.
TEST(GpuMemory, IsNotWrittenToBehindASearchThatFailed) {
  EDGEVAL_NEEDS_GPU();
  Random random(7);
  TranslationModel model = random_translation_model(7);
  const EncodedBatch batch = random_given(random, model, {3, 2}, false);
  auto& generator = std::get<LinearLayer>(model.network.layers[model.generator]);
  for (float& weight : generator.weight.values()) weight = 3e38F;
  const auto engine = gpu::make_decoder_engine(borrowed(model));
  for (std::uint64_t order = 1; order <= 12; ++order) {
    standin::seed(order);
    EXPECT_THROW(engine->search(batch, dense_point(model.network), {}), Error);
    EXPECT_TRUE(standin::freed_memory_is_untouched()) << "order " << order;
  }
}

}  // namespace
}  // namespace edgeval::test
