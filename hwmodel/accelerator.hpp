// An accelerator as data (Accelergy's idea): components with priced actions, and rules that turn
// the counts of an Activity into actions and cycles. Read from one YAML file; docs/hardware.md
// describes it with an example.
//
// Every rule is linear in the counts: count x times(shape of the layer). So the price of a sum of
// activities is the sum of their prices, and sums over components, layers and utterances agree.
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

// A number somebody measured, published or assumed. Without a range, low = value = high.
struct Constant {
  double value = 0;
  double low = 0, high = 0;  // what else it could reasonably be
  std::string source;        // who says so, with a tag of docs/hardware.md
};

struct Action {
  std::string name;
  Constant picojoules;
};

struct Component {
  std::string name;
  std::string notes;
  Constant static_milliwatts;  // leakage, or a DRAM's background; drawn while the chip works
  std::vector<Action> actions;
};

// count x times(shape), on the layers of some kinds or of all.
struct Work {
  Count count;
  std::vector<LayerKind> kinds;  // none: all
  Expression times;

  bool names(LayerKind kind) const { return std::ranges::find(kinds, kind) != kinds.end(); }
  bool applies(LayerKind layer) const { return kinds.empty() || names(layer); }
};

struct EnergyRule {
  Work work;
  std::size_t component;  // index into Accelerator::components
  std::size_t action;     // index into its actions
};

// Work that the chip cannot leave out as its rules have it: where an activity has any of these
// counts its price is the least it could be, not a forecast.
struct LowerBound {
  std::vector<Count> counts;
  std::string reason;
};

struct Accelerator {
  std::string file;  // it was read from
  std::string name;
  std::string description;
  std::string source;
  double node_nm = 0;
  double frequency_hz = 0;
  double voltage = 0;
  std::vector<Component> components;
  std::vector<EnergyRule> rules;
  std::vector<Work> cycles;
  std::array<std::string, kCounts> free;  // why a count costs no energy; empty: it is not free
  LowerBound lower_bound;
};

// Throws Error with file, line and cure when anything in the file is missing, unknown or not a
// price. kinds, here and below: those of layers that a rule may name.
Accelerator load_accelerator(const std::filesystem::path& file, LayerKinds kinds);

// What `--hardware` names: a file, or one of the accelerators in `folder` by its name.
Accelerator find_accelerator(const std::string& name_or_file, const std::filesystem::path& folder,
                             LayerKinds kinds);

// All accelerators in a folder, by name.
std::vector<Accelerator> load_accelerators(const std::filesystem::path& folder, LayerKinds kinds);

}  // namespace edgeval::hw
