// What --describe says of a state dict (docs/formats/import.md): the task, the front end, the
// tokens, and which modules are the layers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/core/json.hpp"
#include "host/import/source/imported.hpp"
#include "host/model/problems.hpp"

namespace edgeval {

struct Description {
  struct Layer {
    std::string place;  // "d.json: layers[0]"
    std::string from;
    std::optional<std::string> name;
    Json activation;  // null where there is none
  };
  std::optional<std::string> name;
  OrderedJson task, frontend, tokens, blank;      // as they stand in the model file
  OrderedJson filled_in = OrderedJson::object();  // keys of the front end left out
  std::optional<std::vector<Layer>> layers;
  std::vector<std::string> ignore;
};

// Reads a description. What is wrong with it goes to `problems`, which opens with the path; then
// the result may be incomplete. Throws when the file is no JSON object.
Description read_description(const std::string& path, Problems& problems);

}  // namespace edgeval
