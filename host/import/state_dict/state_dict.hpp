// State dicts: the tensors of LSTM, GRU and Linear modules by PyTorch's names, whatever file they
// lie in. What they compute is
// known from names and shapes; the front end, the tokens and the activations are not in the file
// and come from a description by the user (docs/formats/import.md).
#pragma once

#include <string>
#include <vector>

#include "host/import/imported.hpp"
#include "host/import/source_tensors.hpp"

namespace edgeval {

struct StateDict {
  SourceTensors source;
  std::vector<std::string> left_out = {};  // what the file holds beside it
  bool in_order = true;                    // whether the file has the modules as the network does
};

// `describe` is the path of a JSON file, "" for none. Throws Error when the file holds what edgeval
// has no counterpart for, and without a description, naming what was found.
Imported import_state_dict(StateDict dict, const std::string& name, const std::string& describe);

// A description to be edited, whose front end is of `type`, fbank or mfcc. `dict`: a network whose
// modules become the layers and whose widths the front end and the tokens take, or null. What was
// guessed goes to `notes`.
std::string description_template(const std::string& type, StateDict* dict,
                                 std::vector<std::string>& notes);

}  // namespace edgeval
