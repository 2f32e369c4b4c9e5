// A linear layer as a kind: its work beside the product, for one output (docs/techniques.md), its
// shape, and what the model file says about it. The weights are in host/layer/layer.hpp, the row of
// a step in host/body/linear.hpp.
#pragma once

#include "host/body/activation.hpp"
#include "host/layer/kind.hpp"

namespace edgeval {

struct LinearKind {
  static constexpr const char* kMeaning = "a matrix, a bias and perhaps a rectifier";

  // The five additions of a softmax are the greatest, z - max, the sum of exps, z - shift and the
  // hypothesis's score. The one logarithm of a row is left out.
  static constexpr CellWork work(const CellForm& form) {
    const int bias = form.unbiased ? 0 : 1, softmax = form.softmax ? 1 : 0;
    return {0, bias + 5 * softmax, 0, form.output_tanh ? 1 : 0, 0, bias, softmax};
  }
  static constexpr KindFacts kFacts{.name = "linear", .work = work, .needs_rules = false};

  static constexpr LayerAxes kAxes{
      .no_plan = "is linear and runs on every step; a plan acts on recurrent layers only",
      .no_nonlinearity =
          "is linear and has no sigmoid or tanh; a nonlinearity acts on recurrent layers only",
      .general_operand = false};

  static ClosedForm closed_form(const LayerShape& shape) {
    return {"OC", "OC", shape.form.unbiased ? "0" : "O"};
  }

  // Here and below `layer` is a LinearLayer.
  template <class Layer>
  static LayerShape shape(const Layer& layer) {
    return {.name = layer.name,
            .kind = LayerKind(kFacts),
            .inputs = layer.inputs,
            .outputs = layer.width,
            .form = {.unbiased = layer.bias.size() == 0},
            .rectified = layer.activation.type != Activation::Type::kNone,
            .compressed_bits = layer.compressed.bits};
  }
  // Calls visit.width and visit.activation for the keys of the model file beside those of all
  // layers.
  template <class Layer, class Visit>
  static void keys(Layer& layer, Visit&& visit) {
    visit.width("outputs", layer.width);
    visit.activation("activation", layer.activation);
  }
  // Calls visit.matrix and visit.vector for its tensors in the model file.
  template <class Layer, class Visit>
  static void tensors(Layer& layer, Visit&& visit) {
    visit.matrix("weight", layer.weight, layer.width);
    visit.vector("bias", layer.bias, layer.width);
  }
};

inline constexpr LayerKind kLinear{LinearKind::kFacts};

}  // namespace edgeval
