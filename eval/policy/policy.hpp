// A policy is one choice on each axis, with other choices for single layers. It is read from YAML
// and `--set`, completed by a profile, and turned into the operating point that an engine runs
// (docs/formats/policy.md).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/policy/profile.hpp"
#include "host/core/error.hpp"
#include "host/engine/engine.hpp"
#include "host/model/graph.hpp"
#include "host/technique/arithmetic.hpp"
#include "host/technique/beam.hpp"
#include "host/technique/nonlinearity/nonlinearity.hpp"
#include "host/technique/weights/weights.hpp"

namespace edgeval {

struct Policy {
  Arithmetic arithmetic;
  Weights weights;
  Nonlinearity nonlinearity;
  Plan plan;
  OperandChoice operand;
  std::optional<Beam> beam;  // without one, translations take the neutral one, and CTC is greedy

  struct LayerOverride {
    std::optional<Arithmetic> arithmetic;
    std::optional<Nonlinearity> nonlinearity;
    std::optional<Plan> plan;
    std::optional<OperandChoice> operand;
  };
  std::map<std::string, LayerOverride> layers;   // by layer name
  std::optional<std::filesystem::path> profile;  // path that can be opened as it is
  std::string source = "policy";                 // what messages call it: its file, --set, or both
};

// Says that a policy leaves out a parameter for which there is no default, and which further
// settings may give.
class UnchosenParameter : public Error {
 public:
  using Error::Error;
};

// Reads a policy from a YAML file, or starts from the dense policy when `file` is nothing, and
// applies the settings, such as "operand.clusters=12", in their order. A setting that gives an axis
// another type drops the other keys that the file has for the axis. The path of a profile is
// relative to the file when the file names it, and to the working folder when a setting does. The
// file may be a point of a sweep, such as sweep:17.
// Throws Error naming the file, the key and the nearest known key.
Policy load_policy(const std::optional<std::filesystem::path>& file,
                   const std::vector<std::string>& settings);

// The names of the files in a sweep's folder that say what its points are. Point 17 of the folder
// DIR is a policy, DIR:17, for load_policy.
inline constexpr const char* kSweepPolicyFile = "policy.yaml";
inline constexpr const char* kSweepPointsFile = "points.jsonl";

// A policy from which others are made by further settings.
class PolicyBase {
 public:
  // Takes what load_policy takes. Throws Error when the file is no map in YAML, or a setting is
  // none. What else is wrong, or missing, further settings may mend.
  PolicyBase(const std::optional<std::filesystem::path>& file,
             const std::vector<std::string>& settings);
  PolicyBase(const PolicyBase&) = delete;
  ~PolicyBase();

  // Returns the policy with more settings applied, as load_policy would. Messages call it `source`.
  Policy with(const std::vector<std::string>& settings, const std::string& source) const;
  // Returns the policy without more settings. Throws Error as load_policy does.
  Policy alone() const;
  // Returns the path of its profile, which can be opened as it is; nothing where none is named.
  std::optional<std::filesystem::path> profile() const;
  // Returns the beam that it names, whatever is wrong with the rest: the neutral one where the beam
  // itself is wrong, and nothing where none is named.
  std::optional<Beam> beam() const;
  // Returns the policy as the text of a file. It names the profile `profile`, or none where that is
  // empty.
  std::string to_yaml(const std::string& profile) const;

 private:
  struct Root;
  const std::optional<std::filesystem::path> file_;
  const std::vector<std::string> settings_;
  std::unique_ptr<const Root> root_;
};

// Whether the beam of a policy is left to the caller, or refused.
enum class BeamUse { kNone, kSearch };

// Returns what every layer of the model does. The policy's operand holds for recurrent layers, and
// its plan for those of them that are in Model::stack(), not in a decoder. All other layers run
// every step with their operand as it is, unless `layers` says otherwise. The profile, which may be
// null, gives the parameters that the policy leaves open. Throws Error when `layers` names an
// unknown layer, when a layer cannot take a choice, when a parameter stays open, and when the
// policy has a beam, which BeamUse::kNone refuses.
OperatingPoint resolve(const Policy& policy, const Model& model, const Profile* profile,
                       BeamUse use = BeamUse::kNone);

// Does the same without reading the values of the weights, so that any choice of the weights axis
// may have been applied to the model: integers for which weights are too large are not refused,
// which is left to check_weights.
OperatingPoint resolve_without_weights(const Policy& policy, const Model& model,
                                       const Profile* profile, BeamUse use = BeamUse::kNone);

// Returns the policy's beam, the neutral one where it has none, with all its parameters. Throws
// Error when neither the policy nor the profile, which may be null, gives sigma_min and sigma_max
// of a dynamic beam.
Beam resolve_beam(const Policy& policy, const Profile* profile);

// Returns the policy with every default and with the resolved parameters of every layer. `beam` is
// given for a point with a search.
nlohmann::ordered_json to_json(const Policy& policy, const Model& model,
                               const OperatingPoint& point, const Beam* beam = nullptr);

// Describes the point in one line for people, such as "similarity_skip (threshold 0.5, ...) + reuse
// (clusters 16, ...) on lstm1", or as "dense". Layers are named where a technique does not run on
// all layers that could run it. `beam` is given for a point with a search; it is named unless it is
// fixed.
std::string describe(const Model& model, const OperatingPoint& point, const Beam* beam = nullptr);

// Describes the choice with its parameters for people, such as "fixed (width 5)".
std::string describe(const Weights& weights);
std::string describe(const Beam& beam);

// Whether every layer runs every step in exact fp32 with its operand as it is.
bool is_dense(const OperatingPoint& point);

}  // namespace edgeval
