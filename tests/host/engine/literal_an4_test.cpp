// Compares the engine's decisions on AN4's test set with those of the literal loops in double: a
// share of at most 2e-4 may differ (docs/techniques.md, "fp32"), and the share is printed. The
// literal form of each layer reads the engine's input of that layer, so that one flipped decision
// does not count again in every layer behind it; within the layer the literal form goes on with its
// own h. The engine's decisions are found by applying the technique to the h that the engine gave;
// the engine's counts show that these are its decisions. Plans, which see inputs only, are also
// compared end to end.
//
// The test runs the first 20 utterances, or with EDGEVAL_FULL=1 all 130.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>

#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "tests/literal/literal.hpp"
#include "tests/support/an4.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

constexpr double kAllowedShare = 2e-4;

struct Technique {
  const char* name;
  bool skip;
  const char* operand;  // "", "reuse" or "delta"
};

void PrintTo(const Technique& technique, std::ostream* out) { *out << technique.name; }

constexpr Technique kTechniques[] = {{"skip", true, ""},
                                     {"reuse", false, "reuse"},
                                     {"delta", false, "delta"},
                                     {"skip + reuse", true, "reuse"},
                                     {"skip + delta", true, "delta"}};

// Features reach magnitudes of about 6, and outputs of LSTM layers stay below 1.
LayerPolicy policy_of(const Technique& technique, bool first_layer) {
  LayerPolicy policy{EveryStep{}, AsIs{}};
  const double reach = first_layer ? 6 : 1;
  if (technique.skip)
    policy.plan = SimilaritySkip{.threshold = 0.5,
                                 .max_consecutive = 2,
                                 .shift = 10,
                                 .fraction_bits = first_layer ? 12.0 : 15.0};
  if (std::string(technique.operand) == "reuse")
    policy.operand = Reuse{.clusters = 16, .range_min = -reach, .range_max = reach};
  if (std::string(technique.operand) == "delta")
    policy.operand = Delta{.threshold_x = 0.1 * reach, .threshold_h = 0.1};
  return policy;
}

OperatingPoint point_of(const Technique& technique, const Model& model) {
  OperatingPoint point = dense_point(model);
  for (std::size_t l = 0; l < model.layers.size(); ++l)
    if (std::holds_alternative<RecurrentLayer>(model.layers[l]))
      point.layers[l] = policy_of(technique, l == 0);
  return point;
}

// Keeps everything that passes between the engine's layers.
class Recorder final : public LayerObserver {
 public:
  struct LayerSeen {
    Ragged<float> input, output;
    std::map<std::pair<Direction, Index>, std::vector<StepMode>> modes;
  };
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override {
    layers_[layer].input = copy(input);
    layers_[layer].output = copy(output);
  }
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    layers_[layer].modes[{direction, lane}].assign(modes.begin(), modes.end());
  }
  const LayerSeen& layer(std::size_t l) const { return layers_.at(static_cast<Index>(l)); }

 private:
  static Ragged<float> copy(const Ragged<float>& all) {
    Ragged<float> result;
    result.values = all.values.clone();
    result.offsets = all.offsets;
    return result;
  }
  std::map<Index, LayerSeen> layers_;
};

struct Agreement {
  std::uint64_t plans = 0, plans_differing = 0, plans_differing_end_to_end = 0, skips = 0;
  std::uint64_t operands = 0, operands_differing = 0, changed = 0;
  bool counts_equal = true;

  void add(const Agreement& other) {
    plans += other.plans;
    plans_differing += other.plans_differing;
    plans_differing_end_to_end += other.plans_differing_end_to_end;
    skips += other.skips;
    operands += other.operands;
    operands_differing += other.operands_differing;
    changed += other.changed;
    counts_equal = counts_equal && other.counts_equal;
  }
};

std::uint64_t differing(const auto& a, const auto& b) {
  if (a.size() != b.size()) return std::max(a.size(), b.size());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
  return count;
}

// Compares the decisions of one layer on one utterance.
Agreement compare_layer(const Layer& layer, const LayerPolicy& policy,
                        const Recorder::LayerSeen& seen, Index lane,
                        std::span<const LayerActivity> engine_counts,
                        const LiteralLayer* end_to_end) {
  const auto input = seen.input.sequence(lane);
  const LiteralLayer literal = literal_layer(layer, policy, input, true);
  const LiteralLayer engine = literal_decisions(layer, policy, input, seen.output.sequence(lane));
  const std::vector<Direction>& directions = std::get<RecurrentLayer>(layer).directions;
  Agreement tally;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    const std::vector<StepMode>& modes = seen.modes.at({directions[d], lane});
    tally.counts_equal = tally.counts_equal && engine.directions[d].activity == engine_counts[d];
    if (std::holds_alternative<SimilaritySkip>(policy.plan)) {
      tally.plans += modes.size();
      tally.skips +=
          static_cast<std::uint64_t>(std::count(modes.begin(), modes.end(), StepMode::kSkip));
      tally.plans_differing += differing(modes, literal.directions[d].modes);
      if (end_to_end != nullptr)
        tally.plans_differing_end_to_end += differing(modes, end_to_end->directions[d].modes);
    }
    if (!std::holds_alternative<AsIs>(policy.operand)) {
      const std::vector<bool>& changed = literal.directions[d].changed;
      tally.operands += changed.size();
      tally.changed += static_cast<std::uint64_t>(std::count(changed.begin(), changed.end(), true));
      tally.operands_differing += differing(changed, engine.directions[d].changed);
    }
  }
  return tally;
}

Agreement compare(const Model& model, const OperatingPoint& point, const Ragged<float>& features) {
  Recorder recorder;
  const BatchResult result = make_cpu_engine(borrowed(model), {})->run(features, point, &recorder);
  std::vector<Agreement> tallies(static_cast<std::size_t>(features.sequences()));
  parallel_for(features.sequences(), hardware_threads(), [&](Index n) {
    const bool plan_only = std::holds_alternative<AsIs>(point.layers[0].operand);
    LiteralResult end_to_end;
    if (plan_only) end_to_end = literal_run(model, point, features.sequence(n));
    std::span<const LayerActivity> counts = result.activity[static_cast<std::size_t>(n)].layers;
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
      const RecurrentLayer* layer = std::get_if<RecurrentLayer>(&model.layers[l]);
      if (layer == nullptr) continue;
      tallies[static_cast<std::size_t>(n)].add(compare_layer(
          model.layers[l], point.layers[l], recorder.layer(l), n,
          counts.first(layer->directions.size()), plan_only ? &end_to_end.layers[l] : nullptr));
      counts = counts.subspan(layer->directions.size());
    }
  });
  Agreement sum;
  for (const Agreement& tally : tallies) sum.add(tally);
  return sum;
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2e (%llu of %llu)",
                whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole),
                static_cast<unsigned long long>(part), static_cast<unsigned long long>(whole));
  return text;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return std::round(1000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 10;
}

class LiteralAn4 : public testing::TestWithParam<Technique> {};

INSTANTIATE_TEST_SUITE_P(Techniques, LiteralAn4, testing::ValuesIn(kTechniques));

TEST_P(LiteralAn4, DecisionsDifferByAtMostTheAllowedShare) {
  EDGEVAL_NEEDS_SHARED(kAn4Model);
  EDGEVAL_NEEDS_SHARED(kAn4Data);
  const Model model = an4_model();
  const Ragged<float> features = an4_test_features(model.frontend, takes_whole_sets() ? 0 : 20);
  const Agreement tally = compare(model, point_of(GetParam(), model), features);
  std::string line = concat(GetParam().name, ", ", features.sequences(), " utterances, ",
                            features.values.rows(), " frames:");
  if (tally.plans > 0) {
    line += concat(" skipped ", percent(tally.skips, tally.plans), " %, plan decisions differing ",
                   share(tally.plans_differing, tally.plans));
    if (*GetParam().operand == 0)
      line += concat(", end to end ", share(tally.plans_differing_end_to_end, tally.plans));
  }
  if (tally.operands > 0)
    line +=
        concat(" changed ", percent(tally.changed, tally.operands),
               " %, operand decisions differing ", share(tally.operands_differing, tally.operands));
  std::cout << line << "\n";
  RecordProperty("decisions", line);
  EXPECT_TRUE(tally.counts_equal) << "the engine's counts are not those of its own layer outputs";
  EXPECT_EQ(tally.plans_differing, 0U) << "given the same inputs a plan is the same";
  EXPECT_LE(static_cast<double>(tally.plans_differing_end_to_end),
            kAllowedShare * static_cast<double>(tally.plans));
  EXPECT_LE(static_cast<double>(tally.operands_differing),
            kAllowedShare * static_cast<double>(tally.operands));
}

}  // namespace
}  // namespace edgeval::test
