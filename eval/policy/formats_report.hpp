// What integer arithmetic makes of a layer, for the report: the format of every tensor
// (docs/formats/report.md; docs/techniques.md, "integer arithmetic").
#pragma once

#include <nlohmann/json.hpp>

#include "host/layer/layer.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

// {"x": {"bits": 16, "fraction_bits": 12}, ...}; null under fp32.
nlohmann::ordered_json formats_to_json(const Layer& layer, const Arithmetic& arithmetic);

// The operand with its parameters as the layer's formats round them.
OperandChoice as_rounded(const LayerPolicy& policy);

}  // namespace edgeval
