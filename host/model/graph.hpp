// A model in memory: its layers, which form a straight stack except for those of a decoder, and
// what the file says about its use.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/core/frontend.hpp"
#include "host/layer/layer.hpp"

namespace edgeval {

struct Model {
  std::string path;
  std::string sha256;
  std::string name;
  std::string task;  // ctc | translation
  FrontendConfig frontend;
  std::vector<std::string> tokens;
  int blank = 0;
  std::vector<Layer> layers;
  // So many layers at the end belong to a decoder (host/model/translation.hpp) and not to the
  // stack.
  std::size_t decoder_layers = 0;

  // The layers that an engine runs one after the other.
  std::span<const Layer> stack() const {
    return std::span(layers).first(layers.size() - decoder_layers);
  }
  Index inputs() const;   // number of features that the first layer takes
  Index outputs() const;  // number of outputs of the stack's last layer
};

// Returns the shapes of all layers of the model.
std::vector<LayerShape> layer_shapes(const Model& model);

// Returns the size of the weights of each layer and direction, in the order of the shapes.
std::vector<CompressedSize> layer_sizes(const Model& model);

}  // namespace edgeval
