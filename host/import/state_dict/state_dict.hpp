// Imports state dicts: the tensors of LSTM, GRU and Linear modules under PyTorch's names, from any
// kind of file. Names and shapes tell what the modules compute. The front end, the tokens and the
// activations are not in the file and come from the user's description (docs/formats/import.md).
#pragma once

#include <string>
#include <vector>

#include "host/import/source/imported.hpp"
#include "host/import/source/source_tensors.hpp"

namespace edgeval {

struct StateDict {
  SourceTensors source;
  std::vector<std::string> left_out = {};  // what else the file holds
  bool in_order = true;  // whether the file has the modules in the network's order
};

// Imports a state dict. `describe` is the path of a JSON file. Throws Error when the file holds
// what edgeval has no counterpart for, and when `describe` is empty; that message names what was
// found.
Imported import_state_dict(StateDict dict, const std::string& name, const std::string& describe);

// Returns a description to be edited, whose front end is of `type`, fbank or mfcc. `dict` is null
// or a network, whose modules become the layers and whose widths decide the front end and the
// tokens. What was guessed goes to `notes`.
std::string description_template(const std::string& type, StateDict* dict,
                                 std::vector<std::string>& notes);

}  // namespace edgeval
