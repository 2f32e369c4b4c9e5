// Runs the DeepSpeech-shaped network: mfcc features, and clipped-ReLU layers around one BiLSTM.
// Its word errors and the share of zero inputs were found by the PyTorch program that trained it
// (shared/models/README.md).
#include <gtest/gtest.h>

#include "host/model/file.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/speech_task.hpp"

namespace edgeval::test {
namespace {

constexpr const char* kModel = "models/deepspeech-small.safetensors";

Evaluation dense(const Model& model, const char* data) {
  const data::TestSet set = data::open_test_set(shared_folder() / data, {.split = "test"});
  return evaluate_speech(model, set, {dense_point(model)});
}

TEST(DeepSpeech, MakesAsManyWordErrorsOnAn4AsInPyTorch) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/an4");
  const Model model = load_model(shared_folder() / kModel);
  const Evaluation evaluation = dense(model, "data/an4");
  const PointResult& result = evaluation.points.front();
  EXPECT_EQ(result.metrics[0].edits->errors(), 109u);
  EXPECT_EQ(result.metrics[0].edits->reference, 773u);
}

TEST(DeepSpeech, MakesAsManyWordErrorsOnSpokenAsInPyTorch) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/spoken");
  const Model model = load_model(shared_folder() / kModel);
  const Evaluation evaluation = dense(model, "data/spoken");
  const PointResult& result = evaluation.points.front();
  EXPECT_EQ(result.metrics[0].edits->errors(), 67u);
  EXPECT_EQ(result.metrics[0].edits->reference, 622u);
}

TEST(DeepSpeech, NineTenthsOfTheInputsOfItsLstmAreZero) {
  EDGEVAL_NEEDS_SHARED(kModel);
  EDGEVAL_NEEDS_SHARED("data/an4");
  const Model model = load_model(shared_folder() / kModel);
  CtcSession session(borrowed(model),
                     data::open_test_set(shared_folder() / "data/an4", {.split = "test"}), {}, {});
  const Evaluation evaluation = evaluate(session, points_of({dense_point(model)}));
  const auto frames = session.data().at("frames").get<std::uint64_t>();
  const Activity total = evaluation.points.front().total();
  for (const LayerActivity& layer : total.layers) {
    if (layer.shape.name != "lstm") continue;
    EXPECT_EQ(layer[Count::kSteps], frames);
    const double zeros = static_cast<double>(layer[Count::kInputsZero]);
    EXPECT_NEAR(zeros / static_cast<double>(layer[Count::kInputs]), 0.92, 0.005);
  }
}

}  // namespace
}  // namespace edgeval::test
