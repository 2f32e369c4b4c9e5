// Compares prices of a toy accelerator with values worked out on paper, and tests the laws that
// every price obeys.
#include "hwmodel/pricing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/hwmodel/toy_accelerator.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::hw {
namespace {

LayerShape lstm(std::int64_t inputs, std::int64_t cells) {
  return {.name = "lstm1",
          .direction = "forward",
          .kind = kLstm,
          .inputs = inputs,
          .recurrent = cells,
          .outputs = cells,
          .gates = 4};
}

LayerShape linear(std::int64_t inputs, std::int64_t outputs) {
  return {.name = "output", .kind = kLinear, .inputs = inputs, .outputs = outputs};
}

// Returns two steps of a 3 -> 2 LSTM (40 weights, 8 biases) and a 2 -> 5 linear layer (10 weights,
// 5 biases).
Activity small() { return {{dense_counts(lstm(3, 2), 1, 2), dense_counts(linear(2, 5), 1, 2)}}; }

TEST(Price, OfAToyIsTheOneWorkedOutOnPaper) {
  const Price price = hw::price(test::load_text(test::kToy), small());
  // LSTM: 80 words x 10 + 48 x 3 + 80 macs x 2 = 1104 pJ; 2 steps x max(2, 3) x 4 = 24 cycles.
  // Linear: 20 x 10 + 15 x 3 + 20 x 1/2 x 2 = 265 pJ; 2 x 5 x 1 + 4 changed inputs = 14 cycles.
  // 38 cycles at 1 MHz = 38 us, in which 3 mW draw 114 nJ.
  EXPECT_DOUBLE_EQ(price.cycles, 38);
  EXPECT_DOUBLE_EQ(price.seconds, 38e-6);
  EXPECT_DOUBLE_EQ(price.dynamic_joules, 1369e-12);
  EXPECT_DOUBLE_EQ(price.static_joules, 114e-9);
  EXPECT_DOUBLE_EQ(price.joules, 1369e-12 + 114e-9);
  ASSERT_EQ(price.components.size(), 2u);
  EXPECT_EQ(price.components[0].component, "memory");
  EXPECT_DOUBLE_EQ(price.components[0].dynamic_joules, (800 + 144 + 200 + 45) * 1e-12);
  EXPECT_DOUBLE_EQ(price.components[0].static_joules, 38e-9);
  EXPECT_DOUBLE_EQ(price.components[1].dynamic_joules, (160 + 20) * 1e-12);
  EXPECT_DOUBLE_EQ(price.components[1].static_joules, 76e-9);
  ASSERT_EQ(price.layers.size(), 2u);
  EXPECT_EQ(price.layers[0].name, "lstm1");
  EXPECT_EQ(price.layers[0].direction, "forward");
  EXPECT_DOUBLE_EQ(price.layers[0].cycles, 24);
  EXPECT_DOUBLE_EQ(price.layers[0].dynamic_joules, 1104e-12);
  EXPECT_DOUBLE_EQ(price.layers[0].static_joules, 72e-9);
  EXPECT_DOUBLE_EQ(price.layers[1].dynamic_joules, 265e-12);
  EXPECT_DOUBLE_EQ(realtime_speed(price, 0.02), 0.02 / 38e-6);
}

TEST(Price, OfNothingIsNothing) {
  const Price price = hw::price(test::load_text(test::kToy), Activity{});
  EXPECT_EQ(price.joules, 0);
  EXPECT_EQ(price.cycles, 0);
  EXPECT_THROW(realtime_speed(price, 1), Error);
}

TEST(Price, RefusesACountWithoutARule) {
  const Accelerator toy = test::load_text(test::kToy);
  Activity activity = small();
  EXPECT_EQ(cannot_price(toy, activity), std::nullopt);
  activity.layers[1][Count::kOperandComparisons] = 7;
  const std::string reason =
      "layer output (none): it has operand_comparisons (elements or neurons compared to decide "
      "whether they cause work), for which the accelerator has no rule";
  EXPECT_EQ(cannot_price(toy, activity), reason);
  try {
    hw::price(toy, activity);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), toy.file + ": toy cannot price " + reason);
  }
}

TEST(Price, RefusesACountWhoseRulesAreForTheOtherKindOfLayer) {
  const Accelerator toy = test::load_text(
      test::toy_with("  - {count: macs.fp32, kind: linear, component: unit, action: "
                     "mac, times: 1 / 2}\n",
                     ""));
  EXPECT_EQ(cannot_price(toy, {{dense_counts(lstm(3, 2), 1, 2)}}), std::nullopt);
  EXPECT_TRUE(cannot_price(toy, small()).has_value());
}

TEST(Price, IsALowerBoundWhereTheFileSaysSo) {
  const Accelerator toy = test::load_text(
      test::kToy + "lower_bound: {counts: [operand_comparisons, elements_low], reason: r}\n");
  Activity activity = small();
  EXPECT_FALSE(is_lower_bound(toy, activity));
  activity.layers[1][Count::kElementsLow] = 1;
  EXPECT_TRUE(is_lower_bound(toy, activity));
  EXPECT_FALSE(is_lower_bound(test::load_text(test::kToy), activity));
}

TEST(Price, RefusesCellsThatItsRulesDoNotName) {
  const Accelerator toy = test::load_text(test::kToy);
  Activity activity;
  activity.layers = {dense_counts({.name = "gru1",
                                   .direction = "forward",
                                   .kind = kGru,
                                   .inputs = 3,
                                   .recurrent = 2,
                                   .outputs = 2,
                                   .gates = 3},
                                  1, 2)};
  EXPECT_EQ(cannot_price(toy, activity),
            "layer gru1 (forward): its cells are of kind gru, which none of its rules names");
  LayerShape projected = lstm(3, 2);
  projected.form.projection = 1;
  activity.layers = {dense_counts(projected, 1, 2)};
  EXPECT_NE(cannot_price(toy, activity).value_or("").find("it has a projection"),
            std::string::npos);
  const std::string named = "  - {count: macs.fp32, kind: gru, component: unit, action: mac}\n";
  const Accelerator other = test::load_text(test::toy_with("rules:\n", "rules:\n" + named));
  activity.layers = {dense_counts({.name = "gru1",
                                   .direction = "forward",
                                   .kind = kGru,
                                   .inputs = 3,
                                   .recurrent = 2,
                                   .outputs = 2,
                                   .gates = 3},
                                  1, 2)};
  EXPECT_EQ(cannot_price(other, activity), std::nullopt);
}

TEST(Price, RefusesARuleThatGivesNoNumber) {
  for (const std::string times : {"1 / recurrent", "inputs - 3"}) {
    const Accelerator toy = test::load_text(test::toy_with("1 / 2", times));
    EXPECT_THROW(hw::price(toy, small()), Error) << times;
  }
}

TEST(RatioRange, TakesEachConstantToTheEndThatMovesTheRatioMost) {
  const Accelerator toy = test::load_text(test::kToy);
  // Without steps there are no cycles and no leakage. The reference has 10 words and 10 macs, the
  // activity 2 words and 8 macs.
  Activity reference{{LayerActivity{.shape = linear(1, 1)}}}, activity = reference;
  reference.layers[0][Count::kWeightWords32] = 10;
  reference.layers[0][Count::kMacsFp32] = 20;  // half a mac each
  activity.layers[0][Count::kWeightWords32] = 2;
  activity.layers[0][Count::kMacsFp32] = 16;
  const RatioRange range = ratio_range(toy, activity, reference);
  EXPECT_DOUBLE_EQ(range.value, (2 * 10 + 8 * 2) / (10 * 10 + 10 * 2.0));
  EXPECT_DOUBLE_EQ(range.lowest, (2 * 40 + 8 * 1) / (10 * 40 + 10 * 1.0));
  EXPECT_DOUBLE_EQ(range.highest, (2 * 5 + 8 * 3) / (10 * 5 + 10 * 3.0));
  const RatioRange same = ratio_range(toy, reference, reference);
  EXPECT_DOUBLE_EQ(same.lowest, 1);
  EXPECT_DOUBLE_EQ(same.highest, 1);
  EXPECT_THROW(ratio_range(toy, activity, Activity{}), Error);
}

// A chip that ships: the bits in which it computes, whether it saves work on single elements
// (reuse, delta), and the counts that it refuses, which belong to other precisions and to
// techniques for which it was not made.
struct Chip {
  const char* name;
  std::int64_t bits;
  bool drops_elements;
  std::vector<Count> refused;
};

void PrintTo(const Chip& chip, std::ostream* out) { *out << chip.name; }

const std::vector<Count> kNotForFp32{
    Count::kStepsPseudo,   Count::kMacs16x16,       Count::kMacs8x8,         Count::kMacs4x4,
    Count::kWeightWords16, Count::kWeightWords8,    Count::kWeightWords5,    Count::kWeightWords4,
    Count::kWeightWords1,  Count::kNeuronsComputed, Count::kNeuronsMemoized, Count::kBinaryProducts,
    Count::kElementsHigh,  Count::kElementsLow};

const std::vector<Chip> kChips{
    {"reuse32", 32, true, kNotForFp32},
    {"epur28", 32, true, kNotForFp32},
    {"similarity65",
     16,
     true,
     {Count::kMacsFp32, Count::kMacs4x4, Count::kWeightWords32, Count::kWeightWords5,
      Count::kWeightWords4, Count::kWeightWords1, Count::kNeuronsComputed, Count::kNeuronsMemoized,
      Count::kBinaryProducts, Count::kElementsHigh, Count::kElementsLow}},
    {"epur28_sip",
     8,
     false,
     {Count::kStepsPseudo, Count::kMacsFp32, Count::kMacs16x16, Count::kWeightWords32,
      Count::kWeightWords16, Count::kWeightWords1, Count::kOperandSubtractions,
      Count::kNeuronsComputed, Count::kNeuronsMemoized, Count::kBinaryProducts}},
};

// Tests the laws on all accelerators that ship, with activities drawn at random.
class Shipped : public ::testing::TestWithParam<Chip> {
 protected:
  static constexpr double kTolerance = 1e-12;  // relative; rounding of sums in doubles

  Accelerator accelerator_ = find_accelerator(
      GetParam().name, edgeval::test::source_folder() / "hwmodel/accelerators", kLayerKinds);
  std::mt19937 random_{20240607};

  LayerShape in_its_bits(LayerShape shape) const {
    shape.weight_bits = GetParam().bits;
    return shape;
  }

  // Draws an utterance of which skip, and on the executed steps reuse or dynamic precision, avoided
  // random amounts of work.
  Activity utterance() {
    Activity activity;
    for (const LayerShape& shape : {lstm(33, 20), lstm(20, 31), linear(31, 129)}) {
      const std::uint64_t steps = 1 + random_() % 50;
      LayerActivity layer = dense_counts(in_its_bits(shape), 1, steps);
      if (shape.kind == kLstm) {
        layer[Count::kStepsRun] = 1 + random_() % steps;
        complete_counts(layer);
        if (GetParam().drops_elements) {
          layer[Count::kInputsChanged] = random_() % (layer[Count::kInputs] + 1);
          layer[Count::kRecurrentInputsChanged] = random_() % (layer[Count::kRecurrentInputs] + 1);
        } else {
          layer[Count::kElementsLow] = random_() % (layer[Count::kOutputs] + 1);
          layer[Count::kElementsHigh] = layer[Count::kOutputs] - layer[Count::kElementsLow];
        }
        complete_counts(layer);
        const std::uint64_t elements = layer[Count::kInputs] + layer[Count::kRecurrentInputs];
        layer[Count::kScoreQuantizations] = steps * static_cast<std::uint64_t>(shape.inputs);
        layer[Count::kScoreComparisons] = (steps - 1) * static_cast<std::uint64_t>(shape.inputs);
        layer[Count::kOperandComparisons] = elements;
        layer[Count::kOperandQuantizations] = elements;
        if (GetParam().drops_elements) layer[Count::kOperandSubtractions] = elements / 2;
        layer[Count::kWeightWords5] = layer[Count::kMacs4x4];
      }
      activity.layers.push_back(layer);
    }
    return activity;
  }
};

TEST_P(Shipped, PartsAddUpToTheWhole) {
  for (int i = 0; i < 20; ++i) {
    const Price price = hw::price(accelerator_, utterance());
    double components = 0, layers = 0, cycles = 0;
    for (const ComponentEnergy& each : price.components) components += each.joules();
    for (const LayerPrice& each : price.layers) {
      layers += each.joules();
      cycles += each.cycles;
    }
    EXPECT_NEAR(components, price.joules, kTolerance * price.joules);
    EXPECT_NEAR(layers, price.joules, kTolerance * price.joules);
    EXPECT_NEAR(cycles, price.cycles, kTolerance * price.cycles);
    EXPECT_NEAR(price.dynamic_joules + price.static_joules, price.joules,
                kTolerance * price.joules);
    EXPECT_DOUBLE_EQ(price.seconds, price.cycles / accelerator_.frequency_hz);
  }
}

TEST_P(Shipped, UtterancesAddUpToTheirSum) {
  Activity sum;
  double joules = 0, cycles = 0;
  for (int i = 0; i < 50; ++i) {
    const Activity one = utterance();
    sum += one;
    const Price price = hw::price(accelerator_, one);
    joules += price.joules;
    cycles += price.cycles;
  }
  const Price total = hw::price(accelerator_, sum);
  EXPECT_NEAR(joules, total.joules, kTolerance * total.joules);
  EXPECT_NEAR(cycles, total.cycles, kTolerance * total.cycles);
}

TEST_P(Shipped, SkippingHalfTheStepsCostsLessAndNeverLessThanHalf) {
  const Activity dense{{dense_counts(in_its_bits(lstm(640, 320)), 1, 1000)}};
  Activity half = dense;
  half.layers[0] = dense_counts(in_its_bits(lstm(640, 320)), 1, 500);
  half.layers[0][Count::kSteps] = 1000;
  complete_counts(half.layers[0]);
  half.layers[0][Count::kScoreQuantizations] = 1000 * 640;
  half.layers[0][Count::kScoreComparisons] = 999 * 640;
  const double ratio = hw::price(accelerator_, half).joules / hw::price(accelerator_, dense).joules;
  EXPECT_GT(ratio, 0.5);  // the check, the copies and the weights from DRAM stay
  EXPECT_LT(ratio, 0.55);
  const RatioRange range = ratio_range(accelerator_, half, dense);
  EXPECT_NEAR(range.value, ratio, kTolerance);
  EXPECT_LT(range.lowest, ratio);
  EXPECT_GT(range.highest, ratio);
  EXPECT_LT(range.highest, 0.6);
}

TEST_P(Shipped, MoreOfAnyCountNeverCostsLess) {
  const Activity base = utterance();
  const Price before = hw::price(accelerator_, base);
  for (std::size_t layer = 0; layer < base.layers.size(); ++layer) {
    for (std::size_t i = 0; i < kCounts; ++i) {
      const Count count = static_cast<Count>(i);
      Activity more = base;
      more.layers[layer][count] += 1000;
      if (std::ranges::find(GetParam().refused, count) != GetParam().refused.end()) {
        EXPECT_TRUE(cannot_price(accelerator_, more).has_value()) << info(count).key;
        continue;
      }
      const Price after = hw::price(accelerator_, more);
      EXPECT_GE(after.joules, before.joules) << info(count).key;
      EXPECT_GE(after.cycles, before.cycles) << info(count).key;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Shipped, ::testing::ValuesIn(kChips),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace edgeval::hw
