// What there is to choose from, as data: every technique of every axis with its parameters, the
// kinds of layers, and the accelerators that ship with their constants. `edgeval info` prints it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace edgeval {

// {"axes": {axis: [{type, meaning, papers, parameters}]}, "layers": [{type, meaning}],
//  "accelerators": [{name, description, source, papers, node_nm, frequency_hz, voltage, prices,
//                    layers, refuses, lower_bound, components}]}
nlohmann::ordered_json catalogue();

// What of it bears the name: an axis, a technique (of each axis that has one of this name), a kind
// of layer, an accelerator. Throws Error with a suggestion when nothing does.
nlohmann::ordered_json catalogue_of(const std::string& name);

}  // namespace edgeval
