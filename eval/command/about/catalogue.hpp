// Lists what there is to choose from, as data for `edgeval info`: every technique of every axis
// with its parameters, the kinds of layers, and the accelerators that ship with their constants.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace edgeval {

// Returns the whole catalogue:
// {"axes": {axis: [{type, meaning, papers, parameters}]}, "layers": [{type, meaning}],
//  "accelerators": [{name, description, source, papers, node_nm, frequency_hz, voltage, prices,
//                    layers, refuses, lower_bound, components}]}
nlohmann::ordered_json catalogue();

// Returns the entries of the catalogue that have this name: an axis, the techniques of any axis, a
// kind of layer, or an accelerator. Throws Error with a suggestion when there are none.
nlohmann::ordered_json catalogue_of(const std::string& name);

}  // namespace edgeval
