// Plain state dicts of PyTorch: the tensors of LSTM, GRU and Linear modules. What they compute is
// known from names and shapes; the front end, the tokens and the activations are not in the file
// and come from a description by the user (docs/formats.md, "Import").
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "host/import/source.hpp"
#include "host/import/torch/module_list.hpp"

namespace edgeval {

struct StateDict {
  std::string kind;  // for people
  SourceTensors source;
  std::vector<std::string> left_out;  // what the file holds beside it
  bool in_order = true;               // whether the file has the modules as the network does
  std::deque<Storage> storages;       // of a file of safetensors
};

// `key`: of the state dict in a checkpoint, "net" or "nets/generator"; empty: the only one.
StateDict torch_state_dict(const TorchArchive& archive, const std::string& key = "");

// Of PyTorch's names in a file of safetensors, on whose bytes it keeps views.
StateDict safetensors_state_dict(std::string_view file, const std::string& path);

// The modules, after names have lost what wrappers put in front and weights are what they stand
// for. It keeps a view on `source`.
ModuleList find_modules(SourceTensors& source);

// `describe` is the path of a JSON file, "" for none. Throws Error when the file holds what edgeval
// has no counterpart for, and without a description, naming what was found.
Imported import_state_dict(StateDict dict, const std::string& name, const std::string& describe);
Imported import_state_dict(const TorchArchive& archive, const std::string& name,
                           const std::string& describe);

// A description to be edited, whose front end is of `type`, fbank or mfcc. `dict`: a network whose
// modules become the layers and whose widths the front end and the tokens take, or null. What was
// guessed goes to `notes`.
std::string description_template(const std::string& type, StateDict* dict,
                                 std::vector<std::string>& notes);

}  // namespace edgeval
