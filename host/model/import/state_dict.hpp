// Plain state dicts of PyTorch: the tensors of LSTM, GRU and Linear modules. What they compute is
// known from names and shapes; the front end, the tokens and the activations are not in the file
// and come from a description by the user (docs/formats.md, "Import").
#pragma once

#include "host/model/import/source.hpp"

namespace edgeval {

// `describe` is the path of a JSON file, "" for none. Throws Error when the file holds what edgeval
// has no counterpart for, and without a description, naming what was found.
Imported import_state_dict(const TorchArchive& archive, const std::string& name,
                           const std::string& describe);

}  // namespace edgeval
