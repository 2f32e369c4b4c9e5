// Runs integer arithmetic on real speech: logits have the same bits on any machine and compiler,
// and word error rates are compared with those of fp32.
//
// tests/golden/integer.json holds what this program gave when it was recorded (the logits' SHA-256,
// frame after frame, outputs in order), since no independent program knows these bits.
// tests/host/engine/literal_integer_test.cpp shows that they are right; this test shows whether a
// processor or a compiler gives other bits. When the hash of the features differs, the features are
// to blame and not the arithmetic. After a change of the definition the failing test says the new
// figures.
#include <gtest/gtest.h>

#include <iostream>

#include "eval/policy/profile_collector.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/model/file.hpp"
#include "tests/support/an4.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/speech_task.hpp"
#include "tests/support/spoken.hpp"

namespace edgeval::test {
namespace {

constexpr Index kGoldenUtterances = 20;

std::string hash_of(const Ragged<float>& all) {
  return sha256({reinterpret_cast<const char*>(all.values.data()),
                 static_cast<std::size_t>(all.values.size()) * sizeof(float)});
}

TEST(IntegerLogits, AreTheSameBitsOnEveryMachineAndCompiler) {
  const auto golden =
      nlohmann::json::parse(read_file(source_folder() / "tests" / "golden" / "integer.json"));
  const Model model = load_spoken_model();
  ASSERT_EQ(model.sha256, golden.at("model").get<std::string>());
  const Ragged<float> features = spoken_test_features(model.frontend, kGoldenUtterances);
  ASSERT_EQ(hash_of(features), golden.at("features").get<std::string>())
      << "other features, so no word on logits";
  for (bool bytes : {true, false}) {
    const auto engine = make_cpu_engine(borrowed(model), {.byte_instructions = bytes});
    for (const std::string arithmetic : {"int16", "int8"}) {
      const nlohmann::json& wanted = golden.at(arithmetic);
      for (const auto& [key, policy] :
           {std::pair{"dense", ""}, {"skip_delta", "skip_delta.yaml"}}) {
        const OperatingPoint point = spoken_point(model, arithmetic, policy);
        EXPECT_EQ(hash_of(engine->run(features, point).outputs), wanted.at(key).get<std::string>())
            << arithmetic << ", " << key << (bytes ? "" : ", through floats");
      }
    }
  }
}

Profile profile_of(const Model& model, const Ragged<float>& features) {
  ProfileCollector collector(borrowed(model), features.values.rows());
  make_cpu_engine(borrowed(model), {})->run(features, dense_point(model), &collector);
  return collector.finish();
}

OperatingPoint dense_under(const std::string& arithmetic, const Model& model,
                           const Profile& profile) {
  return resolve(load_policy({}, {"arithmetic.type=" + arithmetic}), model, &profile);
}

// Runs the first 65 utterances of AN4's test set, or with EDGEVAL_FULL all 130, with formats from
// the first 50 training utterances. docs/techniques.md has the figures with formats from all
// training utterances. One word of the 65 utterances is a quarter of a point.
class An4Accuracy : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Models, An4Accuracy,
                         testing::Values("models/an4-blstm3x128.safetensors",
                                         "models/speech-blstm3x128.safetensors"));

TEST_P(An4Accuracy, Of16BitsIsFp32sWithinAFifthOfAPointAndOf8BitsWithinOne) {
  EDGEVAL_NEEDS_SHARED(GetParam());
  EDGEVAL_NEEDS_SHARED(kAn4Data);
  const Model model = load_model(shared_folder() / GetParam());
  const auto part = [](const char* split, Index limit) {
    return data::open_test_set(shared_folder() / kAn4Data, {.split = split, .limit = limit});
  };
  const Profile profile = profile_of(model, features_of(part("train", 50), model.frontend));
  const Evaluation evaluation =
      evaluate_speech(model, part("test", takes_whole_sets() ? 0 : 65),
                      {dense_point(model), dense_under("int16", model, profile),
                       dense_under("int8", model, profile)});
  std::vector<double> rates;
  for (const PointResult& result : evaluation.points)
    rates.push_back(result.metrics[0].value.value());
  std::cout << "WER fp32 " << rates[0] << ", int16 " << rates[1] << ", int8 " << rates[2] << "\n";
  EXPECT_NEAR(rates[1], rates[0], 0.2);
  EXPECT_NEAR(rates[2], rates[0], 1.0);
}

}  // namespace
}  // namespace edgeval::test
