// Reads accelerator files, and refuses every mistake with the file, the line and a remedy.
#include "hwmodel/accelerator.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/hwmodel/toy_accelerator.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::hw {
namespace {

using test::kToy;
using test::load_text;
using test::toy_with;

std::filesystem::path shipped() { return edgeval::test::source_folder() / "hwmodel/accelerators"; }

std::string refusal(const std::string& contents) {
  const test::TemporaryFile file(contents);
  const std::string message =
      edgeval::test::refusal([&] { load_accelerator(file.path(), kLayerKinds); });
  if (message == "accepted") return message;
  EXPECT_TRUE(message.starts_with(file.path().string() + ":")) << message;
  EXPECT_EQ(std::ranges::count(message, '\n'), 0) << message;
  return message.substr(file.path().string().size() + 1);
}

TEST(AcceleratorFile, IsReadAsWritten) {
  const Accelerator toy = load_text(kToy);
  EXPECT_EQ(toy.name, "toy");
  EXPECT_EQ(toy.frequency_hz, 1e6);
  EXPECT_EQ(toy.node_nm, 65);
  EXPECT_EQ(toy.voltage, 1.1);
  ASSERT_EQ(toy.components.size(), 2u);
  EXPECT_EQ(toy.components[0].notes, "weights");
  EXPECT_EQ(toy.components[0].static_milliwatts.value, 1);
  ASSERT_EQ(toy.components[0].actions.size(), 2u);
  const Constant& read = toy.components[0].actions[0].picojoules;
  EXPECT_EQ(read.value, 10);
  EXPECT_EQ(read.low, 5);
  EXPECT_EQ(read.high, 40);
  EXPECT_EQ(read.source, "made up");
  EXPECT_EQ(toy.components[0].actions[1].picojoules.high, 3) << "no range: the value itself";
  ASSERT_EQ(toy.rules.size(), 4u);
  EXPECT_EQ(toy.rules[3].work.kinds, std::vector{kLinear});
  EXPECT_TRUE(toy.rules[3].work.applies(kLinear));
  EXPECT_FALSE(toy.rules[3].work.applies(kLstm));
  EXPECT_EQ(toy.rules[3].component, 1u);
  EXPECT_EQ(toy.cycles.size(), 2u);
  EXPECT_EQ(toy.free[static_cast<std::size_t>(Count::kSteps)], "a sum");
  EXPECT_EQ(toy.free[static_cast<std::size_t>(Count::kSequences)], "");
}

TEST(AcceleratorFile, NamesSeveralKindsInOneRule) {
  const Accelerator toy = load_text(toy_with("kind: lstm", "kind: [lstm, gru]"));
  EXPECT_EQ(toy.rules[2].work.kinds, (std::vector{kLstm, kGru}));
  EXPECT_TRUE(toy.rules[2].work.applies(kGru));
  EXPECT_FALSE(toy.rules[2].work.applies(kSru));
}

TEST(AcceleratorFile, SaysOfWhatItsPriceIsALowerBound) {
  EXPECT_TRUE(load_text(kToy).lower_bound.counts.empty());
  const Accelerator toy =
      load_text(kToy + "lower_bound: {counts: [inputs_zero, macs.fp32], reason: it is so}\n");
  EXPECT_EQ(toy.lower_bound.counts, (std::vector{Count::kInputsZero, Count::kMacsFp32}));
  EXPECT_EQ(toy.lower_bound.reason, "it is so");
  for (const char* wrong :
       {"lower_bound: 3\n", "lower_bound: {reason: r}\n", "lower_bound: {counts: [], reason: r}\n",
        "lower_bound: {counts: [x], reason: r}\n", "lower_bound: {counts: [outputs]}\n"})
    EXPECT_NE(refusal(kToy + wrong).find("lower_bound"), std::string::npos) << wrong;
}

struct Mistake {
  std::string from, to;  // text of the toy and its replacement
  std::string message;   // text of the refusal after "file:"
};

TEST(AcceleratorFile, RefusesEachMistakeInOneLine) {
  const std::vector<Mistake> mistakes{
      {"source: made up\ntech", "sorce: made up\ntech",
       "1: the accelerator: key 'source' is missing"},
      {"name: toy\n", "name: toy\nnotes: x\n",
       "2: the accelerator: unknown key 'notes'; known: name"},
      {"name: toy\n", "name: toy\nname: tay\n", "2: the accelerator: key 'name' appears twice"},
      {"voltage: 1.1", "voltage: 1.1, volts: 2",
       "4: technology: unknown key 'volts'; did you mean voltage?"},
      {"frequency_hz: 1e6", "frequency_hz: 0", "4: frequency_hz is 0, must lie in [1e3, 1e12]"},
      {"frequency_hz: 1e6", "frequency_hz: 999e3e", "4: frequency_hz must be a finite number"},
      {"frequency_hz: 1e6", "frequency_hz: 1.1e12",
       "4: frequency_hz is 1.1e+12, must lie in [1e3, 1e12]"},
      {"frequency_hz: 1e6", "frequency_hz: .nan",
       "4: frequency_hz must be a finite number, not .nan"},
      {"pj: 10", "pj: -10", "10: component memory, action read: pj is -10, must be 0 or more"},
      {"pj: 10", "pj: .inf",
       "10: component memory, action read: pj must be a finite number, not .inf"},
      {"pj: 10", "pj: ten",
       "10: component memory, action read: pj must be a finite number, not ten"},
      {"pj: 10", "pj: [10]", "10: component memory, action read: pj must be a finite number"},
      {"pj: 3, source: made up", "pj: 3",
       "11: component memory, action fill: key 'source' is missing"},
      {"pj: 3, source: made up", "pj: 3, source: ''",
       "11: component memory, action fill: source must be a text"},
      {"range: [5, 40]", "range: [5]",
       "10: component memory, action read: range must be [low, high]"},
      {"range: [5, 40]", "range: [11, 40]",
       "10: component memory, action read: range [11, 40] does not hold 10"},
      {"    static_mw: {value: 2, source: made up}\n", "",
       "13: component unit: key 'static_mw' is missing"},
      {"static_mw: {value: 2", "static_mw: {value: -2",
       "13: component unit: static_mw: value is -2, must be 0 or more"},
      {"count: sequences", "count: sequence",
       "18: rule 2: unknown count 'sequence'; did you mean sequences?"},
      {"component: unit", "component: units",
       "19: rule 3: unknown component 'units'; did you mean unit?"},
      {"action: fill", "action: fil", "18: rule 2: unknown action 'fil'; did you mean fill?"},
      {"kind: lstm", "kind: lstn", "19: rule 3: unknown kind 'lstn'; did you mean lstm?"},
      {"kind: lstm", "kind: [gru, lstn]", "19: rule 3: unknown kind 'lstn'; did you mean lstm?"},
      {"kind: lstm", "kind: []", "19: rule 3: kind is empty"},
      {"kind: lstm, component", "kind: [gru, linear], component",
       "20: rule 4: charges unit mac for macs.fp32 a second time"},
      {"weights + biases", "weigths + biases",
       "18: rule 2: times 'weigths + biases': unknown name 'weigths'; did you mean weights?"},
      {"max(outputs, 3)", "max(outputs)",
       "22: cycle rule 1: times 'max(outputs) * gates': expected ',' at character 12"},
      {"kind: lstm, component", "kind: any, component",
       "20: rule 4: charges unit mac for macs.fp32 a second time"},
      {"action: read}", "action: read, time: 2}",
       "17: rule 1: unknown key 'time'; did you mean times?"},
      {"kind: linear}", "kind: linear, action: read}", "23: cycle rule 2: unknown key 'action'"},
      {"  steps: a sum", "  step: a sum", "25: free: unknown count 'step'; did you mean steps?"},
      {"  steps: a sum", "  sequences: none",
       "25: free: sequences also has a rule; keep one of them"},
      {"  steps: a sum", "  steps: ''", "25: free: steps must be a text"},
      {"  steps: a sum", "  steps: a sum\n  steps: again", "26: free: key 'steps' appears twice"},
      {"  - {count: sequences, component: memory, action: fill, times: weights + biases}\n", "",
       "7: component memory: no rule uses action fill"},
      {"actions:\n      mac: {pj: 2, range: [1, 3], source: made up}", "actions: none",
       "14: component unit: actions must be a map of keys"},
      {"name: toy", "name: {a: b}", "1: name must be a text"},
      {"name: toy", "name: [toy", "2: not YAML: "},
      {"name: toy", "--- {}\n---\nname: toy", " holds several YAML documents, must be one"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string message = refusal(toy_with(mistake.from, mistake.to));
    EXPECT_TRUE(message.starts_with(mistake.message))
        << mistake.from << " -> " << mistake.to << "\n  said:     " << message
        << "\n  expected: " << mistake.message;
  }
}

TEST(AcceleratorFile, RefusesWhatIsNoMapAtAll) {
  EXPECT_EQ(refusal(""), "1: the accelerator must be a map of keys");
  EXPECT_EQ(refusal("just text"), "1: the accelerator must be a map of keys");
  EXPECT_EQ(refusal("- a\n- b\n"), "1: the accelerator must be a map of keys");
  // yaml-cpp would find ever more documents in these files.
  EXPECT_EQ(refusal(","), "1: not YAML: no value can begin here");
  EXPECT_EQ(refusal("{name: toy}\n,"), "2: not YAML: no value can begin here");
  EXPECT_THROW(load_accelerator("no/such/file.yaml", kLayerKinds), Error);
}

TEST(Accelerators, ThoseThatShipAreCalledLikeTheirFilesAndSayWhereEachConstantComesFrom) {
  std::vector<std::string> names;
  for (const Accelerator& each : load_accelerators(shipped(), kLayerKinds)) {
    names.push_back(each.name);
    EXPECT_TRUE(std::filesystem::exists(shipped() / (each.name + ".yaml")));
    const auto tagged = [&](const Constant& constant) {
      for (const char* tag : {"[P", "[C", "[D]", "[R]", "[G]"})
        if (constant.source.find(tag) != std::string::npos) return true;
      return false;
    };
    for (const Component& component : each.components) {
      EXPECT_TRUE(tagged(component.static_milliwatts)) << each.name << " " << component.name;
      for (const Action& action : component.actions)
        EXPECT_TRUE(tagged(action.picojoules))
            << each.name << " " << component.name << " " << action.name;
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"cpu1", "epur28", "epur28_memo", "epur28_sip",
                                             "reuse32", "similarity65"}));
}

TEST(Accelerators, AreFoundByNameOrByFile) {
  EXPECT_EQ(find_accelerator("reuse32", shipped(), kLayerKinds).name, "reuse32");
  EXPECT_EQ(find_accelerator((shipped() / "epur28.yaml").string(), "nowhere", kLayerKinds).name,
            "epur28");
  try {
    find_accelerator("reuse23", shipped(), kLayerKinds);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "unknown accelerator 'reuse23'; did you mean reuse32? (or give the path of a .yaml file)");
  }
}

}  // namespace
}  // namespace edgeval::hw
