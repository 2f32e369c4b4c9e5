// An accelerator as data (an idea of Accelergy): components with priced actions, and rules that
// turn the counts of an Activity into actions and cycles. It is read from one YAML file, which
// docs/hardware.md describes with an example.
//
// Every rule is linear in the counts: count x times(shape of the layer). So the price of a sum of
// activities is the sum of their prices, and the sums over components, layers and utterances agree.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/activity.hpp"
#include "hwmodel/expression.hpp"

namespace edgeval::hw {

// A number that somebody measured, published or assumed. Without a range, low = value = high.
struct Constant {
  double value = 0;
  double low = 0, high = 0;  // the range in which it could reasonably lie
  std::string source;        // whose number it is, with a tag of docs/hardware.md
};

struct Action {
  std::string name;
  Constant picojoules;
};

struct Component {
  std::string name;
  std::string notes;
  Constant static_milliwatts;  // of leakage, or a DRAM's background; drawn while the chip works
  std::vector<Action> actions;
};

// count x times(shape), on layers of some kinds or of all.
struct Work {
  Count count;
  std::vector<LayerKind> kinds;  // empty: all
  Expression times;

  bool names(LayerKind kind) const { return std::ranges::find(kinds, kind) != kinds.end(); }
  bool applies(LayerKind layer) const { return kinds.empty() || names(layer); }
};

struct EnergyRule {
  Work work;
  std::size_t component;  // index into Accelerator::components
  std::size_t action;     // index into its actions
};

// Counts of work that was left out although this chip cannot leave it out. Where an activity has
// any of them, its price is the least that the energy could be, not a forecast.
struct LowerBound {
  std::vector<Count> counts;
  std::string reason;
};

struct Accelerator {
  std::string file;  // the file that it was read from
  std::string name;
  std::string description;
  std::string source;
  double node_nm = 0;
  double frequency_hz = 0;
  double voltage = 0;
  std::vector<Component> components;
  std::vector<EnergyRule> rules;
  std::vector<Work> cycles;
  std::array<std::string, kCounts> free;  // by count: why it costs no energy; empty: it does
  LowerBound lower_bound;
};

// Reads an accelerator. `kinds`, here and below, are the kinds of layers that a rule may name.
// Throws Error with file, line and cure when anything in the file is missing, unknown or not a
// price.
Accelerator load_accelerator(const std::filesystem::path& file, LayerKinds kinds);

// Finds what `--hardware` names: a file, or one of the accelerators in `folder` by its name. Throws
// Error when there is none.
Accelerator find_accelerator(const std::string& name_or_file, const std::filesystem::path& folder,
                             LayerKinds kinds);

// Reads all accelerators in a folder, in the order of their file names.
std::vector<Accelerator> load_accelerators(const std::filesystem::path& folder, LayerKinds kinds);

}  // namespace edgeval::hw
