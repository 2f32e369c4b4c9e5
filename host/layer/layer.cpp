#include "host/layer/layer.hpp"

#include "host/layer/kinds.hpp"

namespace edgeval {

const std::string& layer_name(const Layer& layer) {
  return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
}
Index layer_inputs(const Layer& layer) {
  return std::visit([](const auto& l) { return l.inputs; }, layer);
}
Index layer_recurrent(const Layer& layer) {
  return std::visit([](const auto& l) { return l.recurrent(); }, layer);
}
Index layer_outputs(const Layer& layer) {
  return std::visit([](const auto& l) { return l.outputs(); }, layer);
}
const CompressedSize& layer_size(const Layer& layer, std::size_t direction) {
  return std::visit([&](const auto& l) -> const CompressedSize& { return l.size(direction); },
                    layer);
}
LayerAxes layer_axes(const Layer& layer) {
  return std::visit([](const auto& l) { return l.axes(); }, layer);
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
bool RecurrentLayer::in_decoders() const {
  return RecurrentKinds::visit(kind, []<class Kind>(Kind) { return Kind::kInDecoders; });
}
LayerAxes RecurrentLayer::axes() const {
  return RecurrentKinds::visit(kind, []<class Kind>(Kind) { return Kind::kAxes; });
}

LayerAxes LinearLayer::axes() const { return LinearKind::kAxes; }

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

std::vector<LayerShape> shapes_of(const LinearLayer& layer) { return {LinearKind::shape(layer)}; }

}  // namespace

std::vector<LayerShape> layer_shapes(const RecurrentLayer& layer) { return shapes_of(layer); }
std::vector<LayerShape> layer_shapes(const LinearLayer& layer) { return shapes_of(layer); }
std::vector<LayerShape> layer_shapes(const Layer& layer) {
  return std::visit([](const auto& l) { return shapes_of(l); }, layer);
}

}  // namespace edgeval
