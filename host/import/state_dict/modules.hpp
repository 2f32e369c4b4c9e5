// Turns PyTorch's modules into layers of a model file: LSTM and GRU (with their cells) and Linear.
// PyTorch has the same order of gates (i, f, g, o and r, z, n). An LSTM's two biases are added; a
// GRU keeps both.
#pragma once

#include <string>
#include <vector>

#include "host/import/source/imported.hpp"
#include "host/import/source/source_tensors.hpp"

namespace edgeval {

inline constexpr Index kMaxImportWidth = 1 << 24;  // greatest width of a layer, as in model files

// Names the tensors of one direction of a recurrent layer, which are `prefix` weight_ih `suffix`
// and so on: with "rnn." and "_l0_reverse", or with "cell." and "".
struct DirectionNames {
  std::string prefix, suffix;
  std::string operator()(const std::string& tensor) const { return prefix + tensor + suffix; }
};

// What the shapes of a recurrent layer's tensors tell.
struct RecurrentShape {
  std::string type;  // lstm | gru
  Index inputs = 0, cells = 0;
  Index projection = 0;  // P of an LSTM with a projection, else 0
  bool biased = true;
  std::size_t directions = 1;
  Index outputs() const {
    return static_cast<Index>(directions) * (projection > 0 ? projection : cells);
  }
};

// Throws when the shapes are those of neither an LSTM nor a GRU.
RecurrentShape recurrent_shape(const SourceTensors& source,
                               const std::vector<DirectionNames>& directions);

// Takes the tensors of one direction, or those of forward and backward, and returns the layer's
// JSON.
OrderedJson import_recurrent(SourceTensors& source, const std::vector<DirectionNames>& directions,
                             const std::string& name, Imported& out);

// Takes MODULE.weight [O, C] and, if there is one, MODULE.bias [O]; a missing bias becomes zeros.
// Returns the layer's JSON.
OrderedJson import_linear(SourceTensors& source, const std::string& module, const std::string& name,
                          Imported& out);

}  // namespace edgeval
