// Compares the formats that a report names (docs/formats/report.md), and thresholds as integer
// arithmetic rounds them (binding decision 8), with values by hand.
#include "eval/policy/formats_report.hpp"

#include <gtest/gtest.h>

#include "eval/policy/policy.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

using nlohmann::ordered_json;

ordered_json format(int bits, int fraction_bits) {
  return {{"bits", bits}, {"fraction_bits", fraction_bits}};
}

// Returns a BiLSTM of two cells and a linear layer.
Model model_of_known_weights() {
  Model model = random_model({.inputs = 3,
                              .lstm = {{.cells = 2, .directions = kBothDirections}},
                              .outputs = 5,
                              .gain = 0.1F},
                             1);
  auto& lstm = std::get<RecurrentLayer>(model.layers[0]);
  lstm.weights[0].weight_ih(0, 0) = 3;      // 16 bits: 3 * 2^13; 8 bits: 3 * 2^5
  lstm.weights[0].weight_hh(0, 0) = -0.5F;  // 2^-1 * 2^15, 2^-1 * 2^7
  lstm.weights[1].weight_ih(0, 0) = 1;
  lstm.weights[1].weight_hh(0, 0) = 0.999F;  // 0.999 * 2^15 > 32639, so 2^14; 0.999 * 2^7 > 127
  std::get<LinearLayer>(model.layers[1]).weight(0, 0) = 100;
  return model;
}

TEST(FormatsReport, NamesTheFormatOfEveryTensor) {
  const Model model = model_of_known_weights();
  // The bias has the finer format of both sums: forward 13 + 12 and 15 + 15, backward 14 + 12 and
  // 14 + 15.
  EXPECT_EQ(formats_to_json(model.layers[0], Int16{{.input_bits = 12}}),
            (ordered_json{{"x", format(16, 12)},
                          {"h", format(16, 15)},
                          {"z", format(32, 20)},
                          {"c", format(32, 20)},
                          {"gates", format(17, 15)},
                          {"forward",
                           {{"weight_ih", format(16, 13)},
                            {"weight_hh", format(16, 15)},
                            {"bias", format(64, 30)}}},
                          {"backward",
                           {{"weight_ih", format(16, 14)},
                            {"weight_hh", format(16, 14)},
                            {"bias", format(64, 29)}}}}));
  // The weight is 100 * 2^0 in 8 bits, and the sum is finer than z.
  EXPECT_EQ(formats_to_json(model.layers[1], Int8{{.input_bits = 7}}),
            (ordered_json{{"x", format(8, 7)},
                          {"none", {{"weight", format(8, 0)}, {"bias", format(64, 21)}}}}));
  EXPECT_TRUE(formats_to_json(model.layers[0], Fp32{}).is_null());
}

TEST(FormatsReport, ShowsThresholdsAsTheyAreUsed) {
  const Model model = model_of_known_weights();
  const Policy policy =
      load_policy({}, {"arithmetic.type=int8", "arithmetic.input_bits=4", "operand.type=delta",
                       "operand.threshold_x=0.08", "operand.threshold_h=0.08"});
  const OperatingPoint point = resolve(policy, model, nullptr);
  const ordered_json json = to_json(policy, model, point);
  EXPECT_EQ(json.at("operand").at("threshold_x"), 0.08);
  const ordered_json& lstm = json.at("layers").at("lstm1");
  EXPECT_EQ(lstm.at("operand").at("threshold_x"), 1.0 / 16);    // 0.08 * 16 = 1.28
  EXPECT_EQ(lstm.at("operand").at("threshold_h"), 10.0 / 128);  // 0.08 * 128 = 10.24
  EXPECT_EQ(lstm.at("formats").at("x"), format(8, 4));
  EXPECT_FALSE(to_json(load_policy({}, {}), model, dense_point(model))
                   .at("layers")
                   .at("lstm1")
                   .contains("formats"));
}

}  // namespace
}  // namespace edgeval::test
