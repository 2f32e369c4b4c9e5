// A policy: one choice on each axis, with overrides for single layers; read from YAML and `--set`,
// completed by a profile and turned into what an engine runs (docs/formats/policy.md).
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/policy/profile.hpp"
#include "host/engine/engine.hpp"
#include "host/model/graph.hpp"
#include "host/technique/arithmetic.hpp"
#include "host/technique/beam.hpp"
#include "host/technique/nonlinearity.hpp"
#include "host/technique/weights.hpp"

namespace edgeval {

struct Policy {
  Arithmetic arithmetic;
  Weights weights;
  Nonlinearity nonlinearity;
  Plan plan;
  OperandChoice operand;
  std::optional<Beam> beam;  // of translation models; without one, FixedBeam

  struct LayerOverride {
    std::optional<Arithmetic> arithmetic;
    std::optional<Nonlinearity> nonlinearity;
    std::optional<Plan> plan;
    std::optional<OperandChoice> operand;
  };
  std::map<std::string, LayerOverride> layers;   // by layer name
  std::optional<std::filesystem::path> profile;  // ready to open
};

// file: YAML, or nothing for the dense policy. settings: "operand.clusters=12", applied in order
// over the file; one that gives an axis another type drops the file's other keys of the axis. A
// profile named in the file is relative to the file, one in a setting to the working folder. Throws
// Error naming file, key and the nearest known key.
Policy load_policy(const std::optional<std::filesystem::path>& file,
                   const std::vector<std::string>& settings);

// What every layer of the model does. A linear layer runs every step, and as is unless `layers`
// names its operand; a decoder's layers run every step. Parameters left open come from the profile;
// without one the engine says which layer lacks what.
OperatingPoint resolve(const Policy& policy, const Model& model, const Profile* profile);

// The beam of a translation, its parameters known.
Beam resolve_beam(const Policy& policy, const Profile* profile);

// The policy with every default and every layer's resolved parameters written out.
nlohmann::ordered_json to_json(const Policy& policy, const Model& model,
                               const OperatingPoint& point, const Beam* beam = nullptr);

// In one line, for people: "similarity_skip (threshold 0.5, ...) + reuse (clusters 16, ...) on
// lstm1", the layers being named where not all that could run a technique do; "dense" when all is
// dense. beam: of a translation; one that is not fixed is named.
std::string describe(const Model& model, const OperatingPoint& point, const Beam* beam = nullptr);

// The choice with its parameters, likewise.
std::string describe(const Weights& weights);
std::string describe(const Beam& beam);

bool is_dense(const OperatingPoint& point);

}  // namespace edgeval
