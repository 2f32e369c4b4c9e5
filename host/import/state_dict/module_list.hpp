// Finds the modules of a state dict for which edgeval has layers, by the names and shapes of their
// tensors: LSTM and GRU, their cells, Linear.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/import/state_dict/modules.hpp"

namespace edgeval {

// A module, named by what stands before its tensors: "rnn" for rnn.weight_ih_l0, "" for
// weight_ih_l0.
struct Module {
  std::string path;
  std::vector<std::vector<DirectionNames>> layers;  // layers of a recurrent module; empty: linear
  Index inputs = 0, outputs = 0;
};

class ModuleList {
 public:
  // Lists the modules in the order in which their first tensors stand in the file.
  explicit ModuleList(const SourceTensors& source);

  const std::vector<Module>& all() const { return modules_; }

  // Returns the module of a path. Throws, opening with `place`, when there is none.
  const Module& at(const std::string& path, const std::string& place) const;

  // Returns the modules in the order of the file if each takes what the one before it gives; else
  // in another order for which this holds, if one is found, and otherwise in that of the file.
  std::vector<const Module*> chained() const;

  // Returns the modules as text, such as "rnn (lstm 40 -> 64, 2 layers, both directions), fc
  // (linear 128 -> 29)".
  std::string summary() const;

 private:
  void add(Module module);
  std::vector<std::vector<DirectionNames>> stack(const std::string& path) const;

  const SourceTensors& source_;
  std::vector<Module> modules_;
  std::map<std::string, std::size_t> places_;  // places in `modules_`, by path
};

// Drops what wrappers put in front of the names, replaces parametrizations by the weights that they
// stand for, and finds the modules. The list keeps a view of `source`. Throws when there is no
// module.
ModuleList find_modules(SourceTensors& source);

}  // namespace edgeval
