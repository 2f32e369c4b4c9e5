// A model in memory: a straight stack of layers and what the file says about its use. Weights are those of the file,
// row-major [rows, columns]; gates in the order i, f, g, o (docs/formats.md, "model file").
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "host/core/activity.hpp"
#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval {

enum class Direction { kForward, kBackward };

constexpr const char* name(Direction direction) {
  return direction == Direction::kForward ? "forward" : "backward";
}

struct LstmWeights {
  Matrix<float> weight_ih;  // [4H, C]
  Matrix<float> weight_hh;  // [4H, H]
  Matrix<float> bias;       // [1, 4H]
  std::int64_t compressed_bits = 0;  // that hold both weight matrices, as LayerShape has it
};

struct LstmLayer {
  std::string name;
  Index inputs = 0;  // C
  Index cells = 0;   // H
  std::vector<Direction> directions;  // forward before backward; the output is their concatenation
  std::vector<LstmWeights> weights;   // one per direction
  Index outputs() const { return cells * static_cast<Index>(directions.size()); }
};

struct Activation {
  enum class Type { kNone, kRelu, kClippedRelu };
  Type type = Type::kNone;
  float limit = 0;  // of kClippedRelu
};

struct LinearLayer {
  std::string name;
  Index inputs = 0;
  Index width = 0;       // outputs O
  Matrix<float> weight;  // [O, C]
  Matrix<float> bias;    // [1, O]
  Activation activation;
  std::int64_t compressed_bits = 0;  // that hold `weight`, as LayerShape has it
  Index outputs() const { return width; }
};

using Layer = std::variant<LstmLayer, LinearLayer>;

struct Model {
  std::string path;
  std::string sha256;
  std::string name;
  std::string task;  // ctc
  FrontendConfig frontend;
  std::vector<std::string> tokens;
  int blank = 0;
  std::vector<Layer> layers;

  Index inputs() const;   // features the first layer wants
  Index outputs() const;  // of the last layer
};

// Name and widths of any layer.
const std::string& layer_name(const Layer& layer);
Index layer_inputs(const Layer& layer);
Index layer_outputs(const Layer& layer);

// The shapes that Activity keeps counts for: one per layer and direction.
std::vector<LayerShape> layer_shapes(const LstmLayer& layer);
std::vector<LayerShape> layer_shapes(const LinearLayer& layer);
std::vector<LayerShape> layer_shapes(const Layer& layer);
std::vector<LayerShape> layer_shapes(const Model& model);

}  // namespace edgeval
