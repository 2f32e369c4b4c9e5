// Models for tests: random ones in memory, and the bytes of safetensors files, right or broken on
// purpose (docs/formats/model.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/layer/kinds.hpp"
#include "host/model/graph.hpp"

namespace edgeval::test {

struct RecurrentSpec {
  Index cells = 1;  // H
  std::vector<Direction> directions{Direction::kForward};
  LayerKind kind = kLstm;
  CellForm form = {};
};

inline const std::vector<Direction> kForwardOnly{Direction::kForward};
inline const std::vector<Direction> kBackwardOnly{Direction::kBackward};
inline const std::vector<Direction> kBothDirections{Direction::kForward, Direction::kBackward};

// Recurrent layers lstm1, gru2, ... in order, LSTMs unless said otherwise, then the linear layer
// "output".
struct RandomModelSpec {
  Index inputs =
      1;  // C of the first layer; the front end is made to give as many (mel_bins, no deltas)
  std::vector<RecurrentSpec> lstm = {};
  Index outputs = 1;  // of the linear layer, and how many tokens; 0: no linear layer
  float gain = 1;     // weights and biases are uniform in +-gain / sqrt(columns of the matrix)
};

// The same spec and seed give the same model, on every machine.
Model random_model(const RandomModelSpec& spec, std::uint64_t seed);

struct TensorBytes {
  std::string name;
  std::string dtype;  // F32, F16, ...
  std::vector<Index> shape;
  std::string bytes;  // little-endian
};

TensorBytes float_tensor(std::string name, std::vector<Index> shape, std::span<const float> values);

// A file whose __metadata__["edgeval"] is the given text, the tensors one after the other.
std::string safetensors_bytes(std::string_view metadata, const std::vector<TensorBytes>& tensors);

// Eight bytes of length, the header, the data: whatever they hold.
std::string framed(std::string_view header, std::string_view data);

struct FileParts {
  std::string header;
  std::string data;
};

FileParts unframed(std::string_view file);

// The parts of a model's file, and the file.
std::string model_json(const Model& model);
std::vector<TensorBytes> model_tensors(const Model& model);
std::string model_bytes(const Model& model);

}  // namespace edgeval::test
