// A linear layer as a kind: its work beside the product, for one output (docs/techniques.md). The
// weights are in host/layer/layer.hpp, the row of a step in host/body/linear.hpp.
#pragma once

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
  static constexpr KindFacts kFacts{"linear", work};

  static ClosedForm closed_form(const LayerShape& shape) {
    return {"OC", "OC", shape.form.unbiased ? "0" : "O"};
  }
};

inline constexpr LayerKind kLinear{LinearKind::kFacts};

}  // namespace edgeval
