// A model's layers: their shapes and their weights, which are those of the file, row-major
// [rows, columns]; the order of a cell's gates is in docs/cells.md.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "host/body/activation.hpp"
#include "host/core/activity.hpp"
#include "host/core/matrix.hpp"
#include "host/layer/cell_type.hpp"

namespace edgeval {

enum class Direction { kForward, kBackward };

constexpr const char* name(Direction direction) {
  return direction == Direction::kForward ? "forward" : "backward";
}

// What holds weights that are not stored one by one (the weights axis).
struct CompressedSize {
  std::int64_t bits = 0;   // 0: each weight by itself, as wide as the arithmetic has it
  std::int64_t whole = 0;  // weights that are stored as they are among them, with 32 bits
  // In an arithmetic with weights of so many bits, as LayerShape::compressed_bits has it.
  std::int64_t bits_in(int weight_bits) const { return bits - (32 - weight_bits) * whole; }
};

// Of one direction; G gates of H rows each. What a cell has not is empty.
struct RecurrentWeights {
  Matrix<float> weight_ih;  // [G H, C k]
  Matrix<float> weight_hh;  // [G H, R]
  Matrix<float> bias;       // [1, G H], of a GRU those beside W; SRU [1, 2H], of f and r
  Matrix<float> bias_hh;    // [1, 3H], of a GRU those beside U
  Matrix<float> diagonal;   // what multiplies c: an LSTM's peepholes [3, H] to i, f, o; an SRU's v
                            // [2, H] to f, r
  Matrix<float> weight_hr;  // [P, H], an LSTM's projection
  CompressedSize compressed = {};  // of all weights
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

  // What the kind says (host/layer/kinds.hpp).
  CellBlocks blocks() const;
  CellType type() const;
  bool has_c() const;    // a state beside h
  bool shows_x() const;  // x itself beside c

  Index gates() const { return blocks().gates; }  // G
  bool has_recurrent_product() const { return blocks().at_once > 0; }
  Index product_inputs() const { return inputs * form.window; }                  // C k
  Index width() const { return form.projection > 0 ? form.projection : cells; }  // of h: H or P
  Index recurrent() const { return has_recurrent_product() ? width() : 0; }      // R
  Index outputs() const { return width() * static_cast<Index>(directions.size()); }
};

struct LinearLayer {
  std::string name;
  Index inputs = 0;
  Index width = 0;            // outputs O
  Matrix<float> weight = {};  // [O, C]
  Matrix<float> bias = {};    // [1, O]; empty: none
  Activation activation = {};
  CompressedSize compressed = {};  // of `weight`
  Index outputs() const { return width; }
};

using Layer = std::variant<RecurrentLayer, LinearLayer>;

// Name and widths of any layer.
const std::string& layer_name(const Layer& layer);
Index layer_inputs(const Layer& layer);
Index layer_outputs(const Layer& layer);

// The shapes that Activity keeps counts for: one per layer and direction.
std::vector<LayerShape> layer_shapes(const RecurrentLayer& layer);
std::vector<LayerShape> layer_shapes(const LinearLayer& layer);
std::vector<LayerShape> layer_shapes(const Layer& layer);

}  // namespace edgeval
