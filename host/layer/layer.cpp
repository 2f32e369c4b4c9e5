#include "host/layer/layer.hpp"

#include "host/layer/kinds.hpp"

namespace edgeval {

const std::string& layer_name(const Layer& layer) {
  return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
}
Index layer_inputs(const Layer& layer) {
  return std::visit([](const auto& l) { return l.inputs; }, layer);
}
Index layer_outputs(const Layer& layer) {
  return std::visit([](const auto& l) { return l.outputs(); }, layer);
}

CellBlocks RecurrentLayer::blocks() const {
  return RecurrentKinds::visit(kind,
                               [&]<class Kind>(Kind) { return Kind::blocks(inputs, cells, form); });
}
CellType RecurrentLayer::type() const { return {RecurrentKinds::place_of(kind), form, blocks()}; }
bool RecurrentLayer::has_c() const {
  return RecurrentKinds::visit(kind, []<class Kind>(Kind) { return Kind::kHasC; });
}
bool RecurrentLayer::shows_x() const {
  return RecurrentKinds::visit(kind, [&]<class Kind>(Kind) { return Kind::shows_x(blocks()); });
}

namespace {

// These functions have a name of their own, since a call of layer_shapes would also be tried with a
// Layer made of a copy, and no layer can be copied.
std::vector<LayerShape> shapes_of(const RecurrentLayer& layer) {
  std::vector<LayerShape> shapes;
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    shapes.push_back({.name = layer.name,
                      .direction = name(layer.directions[d]),
                      .kind = layer.kind,
                      .inputs = layer.inputs,
                      .recurrent = layer.recurrent(),
                      .outputs = layer.cells,
                      .gates = layer.gates(),
                      .form = layer.form,
                      .compressed_bits = layer.weights[d].compressed.bits});
  }
  return shapes;
}

std::vector<LayerShape> shapes_of(const LinearLayer& layer) {
  return {{.name = layer.name,
           .kind = kLinear,
           .inputs = layer.inputs,
           .outputs = layer.width,
           .form = {.unbiased = layer.bias.size() == 0},
           .rectified = layer.activation.type != Activation::Type::kNone,
           .compressed_bits = layer.compressed.bits}};
}

}  // namespace

std::vector<LayerShape> layer_shapes(const RecurrentLayer& layer) { return shapes_of(layer); }
std::vector<LayerShape> layer_shapes(const LinearLayer& layer) { return shapes_of(layer); }
std::vector<LayerShape> layer_shapes(const Layer& layer) {
  return std::visit([](const auto& l) { return shapes_of(l); }, layer);
}

}  // namespace edgeval
