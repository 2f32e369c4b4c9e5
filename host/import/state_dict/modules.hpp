// PyTorch's modules as layers of ours: LSTM and GRU (with their cells) and Linear. PyTorch's order
// of gates is ours (i, f, g, o and r, z, n); an LSTM's two biases are added, a GRU keeps both.
#pragma once

#include <string>
#include <vector>

#include "host/import/imported.hpp"
#include "host/import/source_tensors.hpp"

namespace edgeval {

inline constexpr Index kMaxImportWidth = 1 << 24;  // of any layer, as model files allow

// The tensors of one direction of a recurrent layer are `prefix` weight_ih `suffix`, and so on:
// "rnn." and "_l0_reverse", or "cell." and "".
struct DirectionNames {
  std::string prefix, suffix;
  std::string operator()(const std::string& tensor) const { return prefix + tensor + suffix; }
};

// What the shapes of a recurrent layer say.
struct RecurrentShape {
  std::string type;  // lstm | gru
  Index inputs = 0, cells = 0;
  Index projection = 0;  // of an LSTM; 0: none
  bool biased = true;
  std::size_t directions = 1;
  Index outputs() const {
    return static_cast<Index>(directions) * (projection > 0 ? projection : cells);
  }
};

// Throws when the shapes are those of neither.
RecurrentShape recurrent_shape(const SourceTensors& source,
                               const std::vector<DirectionNames>& directions);

// Takes the tensors, of one direction or of forward and backward, and returns the layer's JSON.
OrderedJson import_recurrent(SourceTensors& source, const std::vector<DirectionNames>& directions,
                             const std::string& name, Imported& out);

// Takes MODULE.weight [O, C] and, if it is there, MODULE.bias [O]; a bias that is not becomes
// zeros.
OrderedJson import_linear(SourceTensors& source, const std::string& module, const std::string& name,
                          Imported& out);

}  // namespace edgeval
