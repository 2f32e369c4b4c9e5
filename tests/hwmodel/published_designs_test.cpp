// The two accelerators that ship, against figures their papers print or that follow from their
// dimensions on paper.
#include <gtest/gtest.h>

#include "hwmodel/pricing.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::hw {
namespace {

Accelerator shipped(const std::string& name) {
  return find_accelerator(name, edgeval::test::source_folder() / "hwmodel/accelerators");
}

LayerShape lstm(const std::string& direction, std::int64_t inputs, std::int64_t cells) {
  return {.name = "lstm",
          .direction = direction,
          .kind = LayerKind::kLstm,
          .inputs = inputs,
          .recurrent = cells,
          .outputs = cells,
          .gates = 4};
}

LayerShape linear(std::int64_t inputs, std::int64_t outputs) {
  return {.name = "linear", .kind = LayerKind::kLinear, .inputs = inputs, .outputs = outputs};
}

// EESEN's 5 bidirectional layers of 320 cells on 120 features.
Activity eesen_recurrent(std::uint64_t sequences, std::uint64_t frames) {
  Activity activity;
  for (const std::int64_t inputs : {120, 640, 640, 640, 640})
    for (const std::string direction : {"forward", "backward"})
      activity.layers.push_back(dense_counts(lstm(direction, inputs, 320), sequences, frames));
  return activity;
}

Activity eesen(std::uint64_t sequences, std::uint64_t frames) {
  Activity activity = eesen_recurrent(sequences, frames);
  activity.layers.push_back(dense_counts(linear(640, 50), sequences, frames));
  return activity;
}

// P3's acoustic model for Kaldi: p-norm pools 2000 to 400 between the layers.
Activity kaldi(std::uint64_t frames) {
  Activity activity;
  for (const auto& [inputs, outputs] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {360, 360}, {360, 2000}, {400, 2000}, {400, 2000}, {400, 2000}, {400, 3482}})
    activity.layers.push_back(dense_counts(linear(inputs, outputs), 0, frames));
  return activity;
}

// Every operand element goes through reuse; `changed` of 1000 elements changed.
Activity reused(const Activity& dense, std::uint64_t changed) {
  Activity activity = dense;
  for (LayerActivity& layer : activity.layers) {
    const std::uint64_t elements = layer[Count::kInputs] + layer[Count::kRecurrentInputs];
    layer[Count::kInputsChanged] = layer[Count::kInputs] * changed / 1000;
    layer[Count::kRecurrentInputsChanged] = layer[Count::kRecurrentInputs] * changed / 1000;
    complete_counts(layer);
    layer[Count::kOperandQuantizations] = layer[Count::kOperandComparisons] = elements;
    layer[Count::kOperandSubtractions] = elements * changed / 1000;
  }
  return activity;
}

double component_share(const Price& price, const std::string& name) {
  for (const ComponentEnergy& each : price.components)
    if (each.component == name) return each.joules() / price.joules;
  return -1;
}

TEST(Epur, RunsEesenTwentyNineTimesFasterThanSpeech) {
  // 2 x 320 x (8 + 20) + 4 x 2 x 320 x (40 + 20) = 17,920 + 153,600.
  const Price frame = price(shipped("epur28"), eesen_recurrent(0, 1));
  EXPECT_DOUBLE_EQ(frame.cycles, 171520);
  EXPECT_DOUBLE_EQ(frame.seconds, 343.04e-6);
  const double factor = realtime_factor(frame, 0.01);  // 10 ms frames; the paper says 30 times
  EXPECT_GT(factor, 29);
  EXPECT_LT(factor, 30);
}

TEST(Epur, LoadsTheWeightsOncePerUtterance) {
  // Per direction 4 x 320 x (inputs + 320) weights and 1280 biases: 10,956,800 + 12,800 words in
  // all, 32 bits each.
  const double bits = 10'969'600.0 * 32;
  const Accelerator epur = shipped("epur28");
  const Price load = price(epur, eesen_recurrent(1, 0));
  EXPECT_NEAR(load.cycles, bits / 480, 1e-6);
  EXPECT_NEAR(load.dynamic_joules, bits * (8.6 + 22.3 / 32) * 1e-12, 1e-12);
  EXPECT_DOUBLE_EQ(price(epur, eesen_recurrent(3, 0)).joules, 3 * load.joules);
}

TEST(Epur, SpendsAsItsPaperSaysOnMemoryAndBelowItsPeakPower) {
  const Price run = price(shipped("epur28"), eesen(1, 1000));
  EXPECT_LT(run.joules / run.seconds, 0.975);  // W; the paper's peak
  EXPECT_GT(run.joules / run.seconds, 0.5);
  const double memories = component_share(run, "weight_memory") +
                          component_share(run, "input_memory") +
                          component_share(run, "intermediate_memory");
  EXPECT_GT(memories, 0.75);  // the paper: around 80 %
  EXPECT_LT(memories, 0.95);
}

TEST(Epur, SavesNoTimeAndLittleEnergyOnUnchangedElements) {
  const Accelerator epur = shipped("epur28");
  const Activity dense = eesen(1, 1000), half = reused(dense, 500);
  EXPECT_DOUBLE_EQ(price(epur, half).cycles, price(epur, dense).cycles);
  const double ratio = price(epur, half).joules / price(epur, dense).joules;
  EXPECT_LT(ratio, 1);
  EXPECT_GT(ratio, 0.9);
}

TEST(Reuse32, TakesTheLaneCyclesOfItsNetworks) {
  const Accelerator reuse = shipped("reuse32");
  // 360 x 3 + 360 x 16 + 3 x 400 x 16 + 400 x 28.
  EXPECT_DOUBLE_EQ(price(reuse, kaldi(1)).cycles, 37240);
  EXPECT_EQ(kaldi(1).macs_executed(), 4'642'400u);
  // 2 x 10 x (120 + 320) + 4 x 2 x 10 x (640 + 320) + 640 x 1.
  EXPECT_DOUBLE_EQ(price(reuse, eesen(0, 1)).cycles, 86240);
  EXPECT_EQ(eesen(0, 1).macs_executed(), 10'988'800u);
}

TEST(Reuse32, AnUnchangedInputTakesOneCycleAndNoWeight) {
  const Accelerator reuse = shipped("reuse32");
  const Activity none = reused(eesen(0, 1), 0);
  EXPECT_DOUBLE_EQ(price(reuse, none).cycles, 2 * 440 + 8 * 960 + 640);
  EXPECT_EQ(none.macs_executed(), 0u);
  // 100 x 1000 / 451 = 2.217 is the bound; 1 cycle for each unchanged input brings it to
  // 86,240 / (0.451 x 86,240 + 0.549 x 9,200) = 1.963.
  const double speedup =
      price(reuse, eesen(0, 1000)).cycles / price(reuse, reused(eesen(0, 1000), 451)).cycles;
  EXPECT_NEAR(speedup, 1.963, 0.001);
}

TEST(Reuse32, SpendsMostOnItsWeightMemoryAsInP3) {
  const Activity dense = eesen(1, 1000);
  for (const Activity& activity : {dense, reused(dense, 451)}) {
    const Price run = price(shipped("reuse32"), activity);
    EXPECT_GT(component_share(run, "weight_memory"), 0.5);
    for (const ComponentEnergy& each : run.components)
      EXPECT_LE(each.joules() / run.joules, component_share(run, "weight_memory"));
  }
}

TEST(Reuse32, SavesAboutTheShareOfComputationsReused) {
  // Table I of P3: 54.9 % reuse on EESEN; figure 10 leaves 99 % for Kaldi and EESEN together.
  const Accelerator reuse = shipped("reuse32");
  const Activity dense = eesen(1, 1000);
  const double saving = 1 - price(reuse, reused(dense, 451)).joules / price(reuse, dense).joules;
  EXPECT_GT(saving, 0.45);
  EXPECT_LT(saving, 0.549);
}

TEST(Reuse32, CheckingEveryElementInVainCostsLessThanOnePercent) {
  const Accelerator reuse = shipped("reuse32");
  const Activity dense = eesen(1, 1000);
  const double ratio = price(reuse, reused(dense, 1000)).joules / price(reuse, dense).joules;
  EXPECT_GT(ratio, 1);
  EXPECT_LT(ratio, 1.01);
}

}  // namespace
}  // namespace edgeval::hw
