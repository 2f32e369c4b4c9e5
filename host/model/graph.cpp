#include "host/model/graph.hpp"

namespace edgeval {

Index Model::inputs() const { return layers.empty() ? 0 : layer_inputs(layers.front()); }
Index Model::outputs() const { return stack().empty() ? 0 : layer_outputs(stack().back()); }

std::vector<LayerShape> layer_shapes(const Model& model) {
  std::vector<LayerShape> shapes;
  for (const Layer& layer : model.layers)
    for (LayerShape& shape : layer_shapes(layer)) shapes.push_back(std::move(shape));
  return shapes;
}

std::vector<CompressedSize> layer_sizes(const Model& model) {
  std::vector<CompressedSize> sizes;
  for (const Layer& layer : model.layers)
    for (std::size_t d = 0; d < layer_shapes(layer).size(); ++d)
      sizes.push_back(layer_size(layer, d));
  return sizes;
}

}  // namespace edgeval
