// The DeepSpeech-shaped network, end to end: mfcc features, clipped-ReLU layers around one BiLSTM.
// Its word errors and the share of zero inputs were found by the PyTorch program that trained it
// (shared/models/README.md).
#include <gtest/gtest.h>

#include "eval/task/pipeline.hpp"
#include "host/model/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

constexpr const char* kModel = "models/deepspeech-small.safetensors";

Evaluation dense(const Model& model, const char* data) {
  const data::TestSet set = data::open_test_set(shared_folder() / data, {.split = "test"});
  const auto engine = make_cpu_engine(model, {});
  return evaluate(model, set, *engine, {dense_point(model)}, {.quiet = true});
}

TEST(DeepSpeech, MakesAsManyWordErrorsOnAn4AsInPyTorch) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/an4");
  const Model model = load_model(shared_folder() / kModel);
  const Evaluation evaluation = dense(model, "data/an4");
  const Outcome& outcome = evaluation.outcomes.front();
  EXPECT_EQ(outcome.metrics[0].edits->errors(), 109u);
  EXPECT_EQ(outcome.metrics[0].edits->reference, 773u);
}

TEST(DeepSpeech, MakesAsManyWordErrorsOnSpokenAsInPyTorch) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/spoken");
  const Model model = load_model(shared_folder() / kModel);
  const Evaluation evaluation = dense(model, "data/spoken");
  const Outcome& outcome = evaluation.outcomes.front();
  EXPECT_EQ(outcome.metrics[0].edits->errors(), 67u);
  EXPECT_EQ(outcome.metrics[0].edits->reference, 622u);
}

TEST(DeepSpeech, NineTenthsOfTheInputsOfItsLstmAreZero) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/an4");
  const Model model = load_model(shared_folder() / kModel);
  const Evaluation evaluation = dense(model, "data/an4");
  for (const LayerActivity& layer : evaluation.outcomes.front().total.layers) {
    if (layer.shape.name != "lstm") continue;
    EXPECT_EQ(layer[Count::kSteps], static_cast<std::uint64_t>(evaluation.total_frames()));
    const double zeros = static_cast<double>(layer[Count::kInputsZero]);
    EXPECT_NEAR(zeros / static_cast<double>(layer[Count::kInputs]), 0.92, 0.005);
  }
}

}  // namespace
}  // namespace edgeval::test
