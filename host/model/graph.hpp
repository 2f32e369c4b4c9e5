// A model in memory: its layers, a straight stack (but for a decoder's), and what the file says
// about its use.
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
  std::size_t decoder_layers =
      0;  // so many at the end are a decoder's (model/translation.hpp) and not in the stack

  // The layers that an engine runs one after the other.
  std::span<const Layer> stack() const {
    return std::span(layers).first(layers.size() - decoder_layers);
  }
  Index inputs() const;   // features the first layer wants
  Index outputs() const;  // of the stack's last layer
};

// Of all its layers.
std::vector<LayerShape> layer_shapes(const Model& model);

}  // namespace edgeval
