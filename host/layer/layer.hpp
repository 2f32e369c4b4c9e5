// The layers of a model: their shapes and their weights, as they stand in the file, row-major
// [rows, columns]. docs/cells.md has the order of a cell's gates.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "host/body/activation.hpp"
#include "host/core/activity.hpp"
#include "host/core/matrix.hpp"
#include "host/layer/cell_type.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

enum class Direction { kForward, kBackward };

constexpr const char* name(Direction direction) {
  return direction == Direction::kForward ? "forward" : "backward";
}

// The size of weights that are not stored one by one (the weights axis).
struct CompressedSize {
  // The bits that hold all weights; 0 where each weight is stored by itself, as wide as the
  // arithmetic has it.
  std::int64_t bits = 0;
  std::int64_t whole = 0;  // number of those weights that are stored as they are, with 32 bits
  // Returns the bits under an arithmetic with weights of weight_bits bits, as
  // LayerShape::compressed_bits has them.
  std::int64_t bits_in(int weight_bits) const { return bits - (32 - weight_bits) * whole; }
};

// The weights of one direction, with G gates of H rows each. What the kind of cells lacks is empty.
struct RecurrentWeights {
  Matrix<float> weight_ih;  // [G H, C k]
  Matrix<float> weight_hh;  // [G H, R]
  Matrix<float> bias;       // [1, G H]; of a GRU those beside W; of an SRU [1, 2H], for f and r
  Matrix<float> bias_hh;    // [1, 3H], of a GRU those beside U
  // What multiplies c: an LSTM's peepholes [3, H] to i, f, o; an SRU's v [2, H] to f, r.
  Matrix<float> diagonal;
  Matrix<float> weight_hr;         // [P, H], an LSTM's projection
  CompressedSize compressed = {};  // size of all weights
};

// A layer of recurrent cells of one kind (docs/cells.md).
struct RecurrentLayer {
  std::string name;
  Index inputs = 0;                   // C
  Index cells = 0;                    // H
  std::vector<Direction> directions;  // forward before backward; the output is their concatenation
  std::vector<RecurrentWeights> weights;  // one per direction
  LayerKind kind = {};
  CellForm form = {};

  // The answers of the layer's kind (host/layer/kinds.hpp).
  CellBlocks blocks() const;
  CellType type() const;
  bool has_c() const;        // whether there is a state c beside h
  bool shows_x() const;      // whether x itself is mixed into the output
  bool in_decoders() const;  // whether a translation's decoder takes the cells
  LayerAxes axes() const;

  Index gates() const { return blocks().gates; }  // G
  bool has_recurrent_product() const { return blocks().at_once > 0; }
  Index product_inputs() const { return inputs * form.window; }  // C k
  // The width of h, H or P.
  Index width() const { return form.projection > 0 ? form.projection : cells; }
  Index recurrent() const { return has_recurrent_product() ? width() : 0; }  // R
  Index outputs() const { return width() * static_cast<Index>(directions.size()); }
  const CompressedSize& size(std::size_t direction) const { return weights[direction].compressed; }
};

struct LinearLayer {
  std::string name;
  Index inputs = 0;
  Index width = 0;            // O, number of outputs
  Matrix<float> weight = {};  // [O, C]
  Matrix<float> bias = {};    // [1, O], or empty
  Activation activation = {};
  CompressedSize compressed = {};  // size of `weight`

  LayerAxes axes() const;
  Index recurrent() const { return 0; }
  Index outputs() const { return width; }
  const CompressedSize& size(std::size_t /*direction*/) const { return compressed; }
};

using Layer = std::variant<RecurrentLayer, LinearLayer>;

// The answers of any layer: its name, its widths (C, R, and that of its output), the size of the
// weights of a direction, and which axes of a policy act on it.
const std::string& layer_name(const Layer& layer);
Index layer_inputs(const Layer& layer);
Index layer_recurrent(const Layer& layer);
Index layer_outputs(const Layer& layer);
const CompressedSize& layer_size(const Layer& layer, std::size_t direction);
LayerAxes layer_axes(const Layer& layer);

// Returns the shapes for which Activity keeps counts, one for each layer and direction.
std::vector<LayerShape> layer_shapes(const RecurrentLayer& layer);
std::vector<LayerShape> layer_shapes(const LinearLayer& layer);
std::vector<LayerShape> layer_shapes(const Layer& layer);

}  // namespace edgeval
