// Compares figures of the work, which are derived from counts, with values worked out by hand.
#include "eval/price/work.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/layer/kinds.hpp"

namespace edgeval::test {
namespace {

// Returns ten steps of a layer with two inputs and three cells: 4 * 3 * 5 = 60 MACs a step.
Activity ten_steps() {
  LayerActivity layer{{.name = "lstm1",
                       .direction = "forward",
                       .kind = kLstm,
                       .inputs = 2,
                       .recurrent = 3,
                       .outputs = 3,
                       .gates = 4,
                       .weight_bits = 16}};
  layer[Count::kSequences] = 1;
  layer[Count::kSteps] = 10;
  layer[Count::kStepsRun] = 7;
  layer[Count::kStepsPseudo] = 2;
  layer[Count::kMacs16x16] = layer[Count::kWeightWords16] = 420;
  layer[Count::kMacs8x8] = layer[Count::kWeightWords8] = 36;
  return {{layer}};
}

TEST(Work, CountsThreeEightBitProductsAsOne) {
  EXPECT_EQ(macs_norm16(ten_steps()), 420 + 12.0);
  Activity other = ten_steps();
  other.layers[0][Count::kMacsFp32] = 1;
  EXPECT_EQ(macs_norm16(other), std::nullopt);
}

TEST(Work, AddsTheBitsOfEveryWord) {
  Activity activity = ten_steps();
  EXPECT_EQ(weight_bits_fetched(activity), 420u * 16 + 36 * 8);
  activity.layers[0][Count::kWeightWords5] = 2;
  activity.layers[0][Count::kWeightWords1] = 3;
  EXPECT_EQ(weight_bits_fetched(activity), 420u * 16 + 36 * 8 + 13);
}

TEST(Work, PassesOverZerosOfXAndH) {
  Activity activity = ten_steps();
  LayerActivity& layer = activity.layers[0];
  layer[Count::kInputsChanged] = 20;
  layer[Count::kRecurrentInputsChanged] = 30;
  layer[Count::kInputsZero] = 4;
  layer[Count::kRecurrentInputsZero] = 3;
  complete_counts(layer);
  EXPECT_EQ(macs_of_nonzeros(activity), 12u * (50 - 7));
}

// A zero in a key spares a product in the score and one in the context. With mlp only the product
// in the context is spared, since the score sees the key behind a tanh.
TEST(Work, PassesOverZerosOfKeys) {
  LayerShape shape{.name = "attention", .kind = kAttention, .inputs = 8, .outputs = 1};
  for (const std::int64_t hidden : {0, 5}) {
    shape.form.hidden = hidden;
    Activity activity{{dense_counts(shape, 1, 10)}};
    const std::uint64_t all = hidden > 0 ? 10 * (8 + 5) : 10 * (8 + 8);
    EXPECT_EQ(macs_of_nonzeros(activity), all);
    activity.layers[0][Count::kInputsZero] = 6;
    EXPECT_EQ(macs_of_nonzeros(activity), all - 6 * (hidden > 0 ? 1 : 2));
  }
}

TEST(Work, LeavesOutWhatIsNotKnown) {
  const OperatingPoint as_is{{{EveryStep{}, AsIs{}, Int16{}}}},
      delta{{{EveryStep{}, Delta{}, Int16{}}}};
  const OperatingPoint pseudo{
      {{SimilaritySkip{.threshold = 0.5, .pseudo_threshold = 0.2}, AsIs{}, Int16{}}}};
  const auto work = [](const OperatingPoint& point) {
    return work_to_json(ten_steps(), point, nullptr);
  };
  EXPECT_EQ(work(as_is)["macs"]["dense"], 600);
  EXPECT_EQ(work(as_is)["macs_norm16"]["dense"], 600);
  EXPECT_FALSE(work(as_is)["macs_of_nonzeros"]["policy"].is_null());
  EXPECT_TRUE(work(as_is)["macs_of_nonzeros"]["dense"].is_null());
  EXPECT_TRUE(work(delta)["macs_of_nonzeros"]["policy"].is_null());
  EXPECT_TRUE(work(pseudo)["macs_of_nonzeros"]["policy"].is_null());
}

}  // namespace
}  // namespace edgeval::test
