// The layers in a model file's JSON, each with its tensors (docs/formats/model.md). Nothing
// here is allocated before the size was found to agree with the bytes in the file. Errors open with
// the place in the JSON.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/core/json.hpp"
#include "host/model/graph.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {

inline constexpr Index kMaxWidth =
    1 << 24;  // of any layer; keeps the products of two widths far from overflow

// What the first layer must take, and who gives it.
struct InputWidth {
  Index width;
  std::string giver;
};

// The list `layers` of the object. names: those taken so far; the layers' are added.
std::vector<Layer> read_layers(const Fields& fields, Safetensors& file, InputWidth width,
                               std::set<std::string>& names);

// Refuses an empty name, control characters, and a name that is taken.
void expect_new_name(const std::string& name, const std::string& place,
                     std::set<std::string>& names);

// The list `tokens` of the object: texts, at least one.
std::vector<std::string> read_tokens(const Fields& fields);

}  // namespace edgeval
