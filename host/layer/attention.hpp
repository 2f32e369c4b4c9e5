// A decoder's attention as a kind of layer in an Activity. A step is one pair of a row and a source
// position: a score and a share of the context (host/engine/translate/source_attention.hpp).
#pragma once

#include "host/layer/kind.hpp"

namespace edgeval {

struct AttentionKind {
  static constexpr const char* kMeaning =
      "attention of a decoder's rows over their source: dot, general or mlp";

  // Three additions find the greatest score, its distance and the sum of exps; a multiplication
  // makes exp over sum. mlp attention also adds query and key before its tanhs.
  static constexpr CellWork work(const CellForm& form) {
    const int hidden = static_cast<int>(form.hidden);
    return {1, 3 + hidden, 0, hidden, 0, 0, 1};
  }
  static constexpr KindFacts kFacts{"attention", work, true};

  static ClosedForm closed_form(const LayerShape& shape) {
    if (shape.form.hidden > 0) return {"K + M", "M", "0"};
    return {"2K", "0", "0"};
  }
};

inline constexpr LayerKind kAttention{AttentionKind::kFacts};

}  // namespace edgeval
