// Reports what a choice of the weights axis did to a model, in report.json and for people
// (docs/weights.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "host/model/transform.hpp"

namespace edgeval {

nlohmann::ordered_json weights_to_json(std::span<const MatrixReport> matrices);

// Returns "ternary (rule twn, ...): 2.00 bits a weight, 0.065 of 32-bit floats".
std::string weights_line(const Weights& weights, std::span<const MatrixReport> matrices);

}  // namespace edgeval
