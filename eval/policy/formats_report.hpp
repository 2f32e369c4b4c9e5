// Tells for the report what integer arithmetic makes of a layer: the fixed-point format of every
// tensor (docs/formats/report.md; docs/techniques.md, "Integer arithmetic").
#pragma once

#include <nlohmann/json.hpp>

#include "host/layer/layer.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

// Returns the formats as {"x": {"bits": 16, "fraction_bits": 12}, ...}, or null under fp32.
nlohmann::ordered_json formats_to_json(const Layer& layer, const Arithmetic& arithmetic);

// Returns the operand with its parameters rounded as the layer's arithmetic rounds them.
OperandChoice as_rounded(const LayerPolicy& policy);

}  // namespace edgeval
