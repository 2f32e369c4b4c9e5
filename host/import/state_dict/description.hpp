// What --describe says of a state dict (docs/formats/import.md): task, front end, tokens, and
// which modules are the layers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/core/json.hpp"
#include "host/import/imported.hpp"
#include "host/model/problems.hpp"

namespace edgeval {

struct Description {
  struct Layer {
    std::string place;  // "d.json: layers[0]"
    std::string from;
    std::optional<std::string> name;
    Json activation;  // or null
  };
  std::optional<std::string> name;
  OrderedJson task, frontend, tokens, blank;      // as the model file has them
  OrderedJson filled_in = OrderedJson::object();  // keys of the front end that were not there
  std::optional<std::vector<Layer>> layers;
  std::vector<std::string> ignore;
};

// What is wrong with it goes to `problems`, which opens with the path; then the result may be
// incomplete. Throws when the file is no JSON object.
Description read_description(const std::string& path, Problems& problems);

}  // namespace edgeval
