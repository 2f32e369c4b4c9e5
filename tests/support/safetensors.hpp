// Makes models for tests: random models in memory, and the bytes of safetensors files, valid or
// broken on purpose (docs/formats/model.md).
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
  Index cells = 1;  // number of cells H
  std::vector<Direction> directions{Direction::kForward};
  LayerKind kind = kLstm;
  CellForm form = {};
};

inline const std::vector<Direction> kForwardOnly{Direction::kForward};
inline const std::vector<Direction> kBackwardOnly{Direction::kBackward};
inline const std::vector<Direction> kBothDirections{Direction::kForward, Direction::kBackward};

// A model of recurrent layers lstm1, gru2, ... and the linear layer "output" behind them.
struct RandomModelSpec {
  // Number of inputs C of the first layer. The front end gives as many features: mel_bins, without
  // deltas.
  Index inputs = 1;
  std::vector<RecurrentSpec> lstm = {};  // recurrent layers of any kind
  Index outputs = 1;  // number of outputs and tokens of the linear layer; 0: no linear layer
  float gain = 1;     // weights and biases are uniform in +-gain / sqrt(columns of the matrix)
};

// Returns a random model. A spec and a seed give the same model on every machine.
Model random_model(const RandomModelSpec& spec, std::uint64_t seed);

struct TensorBytes {
  std::string name;
  std::string dtype;  // F32, F16, ...
  std::vector<Index> shape;
  std::string bytes;  // little-endian
};

TensorBytes float_tensor(std::string name, std::vector<Index> shape, std::span<const float> values);

// Returns a file whose __metadata__["edgeval"] is the given text, with the tensors in their order.
std::string safetensors_bytes(std::string_view metadata, const std::vector<TensorBytes>& tensors);

// Returns a file of any header and data: eight bytes with the header's length, the header, the
// data.
std::string framed(std::string_view header, std::string_view data);

struct FileParts {
  std::string header;
  std::string data;
};

FileParts unframed(std::string_view file);

// Return the JSON and the tensors of a model's file, and the whole file.
std::string model_json(const Model& model);
std::vector<TensorBytes> model_tensors(const Model& model);
std::string model_bytes(const Model& model);

}  // namespace edgeval::test
