// With a GPU, `--device auto` takes it, and whole texts are translated there as on the CPU. The
// test is labelled gpu.
#include <cuda_runtime.h>

#include "cuda/engine.hpp"
#include "eval/command/options/common_options.hpp"
#include "host/core/error.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/translation_task.hpp"

namespace edgeval::test {
namespace {

TEST(DeviceChoice, AutoTakesTheGpu) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  EXPECT_TRUE(make_engine(borrowed(model), {})->on_gpu());
  EXPECT_FALSE(make_engine(borrowed(model), {.device = "cpu"})->on_gpu());
}

// Returns the free memory of a GPU in bytes.
std::size_t free_memory(int number) {
  int current = 0;
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(number), cudaSuccess);
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(current), cudaSuccess);
  return free;
}

TEST(DeviceChoice, TakesEveryGpuByItsNumberAndNoOther) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {5, 40}, 3);
  const OperatingPoint point = dense_point(model);
  const BatchResult expected =
      make_engine(borrowed(model), {.device = "gpu"})->run(features, point);
  for (const gpu::Device& device : gpu::devices()) {
    const std::size_t before = free_memory(device.number);
    const auto engine = make_engine(borrowed(model), {.device = concat("gpu:", device.number)});
    EXPECT_EQ(engine->device(), device.name);
    EXPECT_EQ(engine->run(features, point).activity, expected.activity);
    EXPECT_LT(free_memory(device.number), before) << device.number << " was not used";
  }
  try {
    make_engine(borrowed(model), {.device = "gpu:99"});
    FAIL() << "there is no such GPU";
  } catch (const Error& error) {
    const gpu::Device first = gpu::devices().front();
    EXPECT_NE(std::string(error.what()).find(concat("gpu:", first.number, " (", first.name, ")")),
              std::string::npos)
        << error.what();
  }
}

TEST(GpuTranslationOfText, OfTheShippedCaptionsScoresAsOnTheCpu) {
  EDGEVAL_NEEDS_GPU();
  const auto task = [](const char* device) {
    return TranslationTask(captions() / "multi30k-en-de.safetensors", captions() / "captions.en",
                           captions() / "captions.de", device, takes_all_cases() ? 0 : 24);
  };
  const TranslationTask gpu = task("gpu"), cpu = task("cpu");
  const double widest = takes_all_cases() ? 5 : 2;
  EXPECT_NEAR(gpu.bleu(1), cpu.bleu(1), 0.1);
  EXPECT_NEAR(gpu.bleu(widest), cpu.bleu(widest), 0.1);
  EXPECT_EQ(gpu.translate(widest, 7).hypotheses(), gpu.translate(widest).hypotheses());
}

TEST(GpuTranslationOfText, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  EDGEVAL_NEEDS_GPU();
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa/test_model2_v2_9653b3a0.pt");
  const TemporaryFolder made;
  const std::filesystem::path folder = shared_folder() / "data/onmt_ipa";
  const TranslationTask task(imported_ipa(made.path()), folder / "test_model2.src",
                             folder / "test_model2.tgt", "gpu");
  EXPECT_EQ(task.exact(1), 185);
  const double widest = takes_all_cases() ? 5 : 1;
  EXPECT_EQ(task.translate(widest, takes_all_cases() ? 1 : 67).hypotheses(),
            task.translate(widest, 198).hypotheses());
  if (!takes_all_cases()) return;
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(task.exact(width), 186) << "width " << width;
}

}  // namespace
}  // namespace edgeval::test
