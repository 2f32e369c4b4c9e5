// The modules of a state dict that edgeval has layers for, found by the names and shapes of their
// tensors: LSTM and GRU, their cells, Linear.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/import/state_dict/modules.hpp"

namespace edgeval {

// A module by the names of its tensors: "rnn" for rnn.weight_ih_l0, "" for weight_ih_l0.
struct Module {
  std::string path;
  std::vector<std::vector<DirectionNames>> layers;  // of a recurrent one; empty: linear
  Index inputs = 0, outputs = 0;
};

class ModuleList {
 public:
  // In the order in which their first tensors stand in the file.
  explicit ModuleList(const SourceTensors& source);

  const std::vector<Module>& all() const { return modules_; }

  // Throws, opening with `place`, when there is none.
  const Module& at(const std::string& path, const std::string& place) const;

  // The order of the file where each takes what the one before gives; else another one in which
  // they do, if there is one.
  std::vector<const Module*> chained() const;

  // "rnn (lstm 40 -> 64, 2 layers, both directions), fc (linear 128 -> 29)"
  std::string summary() const;

 private:
  void add(Module module);
  std::vector<std::vector<DirectionNames>> stack(const std::string& path) const;

  const SourceTensors& source_;
  std::vector<Module> modules_;
  std::map<std::string, std::size_t> places_;  // in `modules_`, by path
};

// The modules, after names have lost what wrappers put in front and weights are what they stand
// for. It keeps a view on `source`. Throws when there is none.
ModuleList find_modules(SourceTensors& source);

}  // namespace edgeval
