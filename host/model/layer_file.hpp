// Reads the layers in a model file's JSON, each with its tensors (docs/formats/model.md). Nothing
// is allocated here before its size was found to agree with the bytes in the file. Errors open with
// the place in the JSON.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/core/json.hpp"
#include "host/model/graph.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {

// The greatest width of a layer, which keeps the products of two widths far from overflow.
inline constexpr Index kMaxWidth = 1 << 24;

// The number of inputs that the first layer must have, and who gives them.
struct InputWidth {
  Index width;
  std::string giver;
};

// Reads the list `layers` of the object. `names` holds the names taken so far; those of the layers
// are added.
std::vector<Layer> read_layers(const Fields& fields, Safetensors& file, InputWidth width,
                               std::set<std::string>& names);

// Refuses an empty name, control characters, and a name that is taken.
void expect_new_name(const std::string& name, const std::string& place,
                     std::set<std::string>& names);

// Reads the list `tokens` of the object, which holds texts, at least one.
std::vector<std::string> read_tokens(const Fields& fields);

}  // namespace edgeval
