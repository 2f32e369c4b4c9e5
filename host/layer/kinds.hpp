// The kinds of layers. A new kind of recurrent cells takes a header and a place in the list here:
// all code that asks for the kind of a layer visits these lists and does not compile for a kind
// that lacks an answer.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>

#include "host/core/error.hpp"
#include "host/layer/attention.hpp"
#include "host/layer/gru.hpp"
#include "host/layer/linear.hpp"
#include "host/layer/lstm.hpp"
#include "host/layer/qrnn.hpp"
#include "host/layer/sru.hpp"

namespace edgeval {

template <class... Kinds>
struct KindList {
  static constexpr LayerKind kAll[] = {LayerKind(Kinds::kFacts)...};

  template <class... More>
  using With = KindList<Kinds..., More...>;

  // Returns f(K{}) for the kind, which must be one of the list.
  template <class F>
  static auto visit(LayerKind kind, const F& f) {
    using Result = std::common_type_t<decltype(f(Kinds{}))...>;
    if constexpr (std::is_void_v<Result>) {
      const bool known = ((kind == LayerKind(Kinds::kFacts) && (f(Kinds{}), true)) || ...);
      EDGEVAL_ASSERT(known);
    } else {
      std::optional<Result> result;
      ((kind == LayerKind(Kinds::kFacts) && (result.emplace(f(Kinds{})), true)) || ...);
      EDGEVAL_ASSERT(result.has_value());
      return *std::move(result);
    }
  }

  // Calls f(K{}) for the kind at a place in the list, on both devices; does nothing at any other
  // place.
  template <class F>
  EDGEVAL_HD static void visit_at(int place, const F& f) {
    int at = 0;
    ((place == at++ ? f(Kinds{}) : void()), ...);
  }
  static int place_of(LayerKind kind) {
    const auto found = std::ranges::find(kAll, kind);
    EDGEVAL_ASSERT(found != std::end(kAll));
    return static_cast<int>(found - std::begin(kAll));
  }
};

using RecurrentKinds = KindList<Lstm, Gru, Sru, Qrnn>;
using ModelKinds = RecurrentKinds::With<LinearKind>;  // those that a model file lists as layers
using AllKinds = ModelKinds::With<AttentionKind>;
inline constexpr LayerKinds kLayerKinds = AllKinds::kAll;

// Runs a step of one lane's cells; of cells whose steps have two halves the second half, once
// row.after is known.
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void recurrent_cell_row(Block block, const Numbers& numbers, const CellType& type,
                                   RecurrentRow<Numbers, Sums> row) {
  RecurrentKinds::visit_at(type.kind, [&]<class Kind>(Kind) {
    // Dynamic precision follows c, so cells without c are left out for its numbers.
    if constexpr (Kind::kHasC || !std::is_base_of_v<QuantizedNumbers, Numbers>)
      Kind::row(block, numbers, type, row);
  });
}

// Runs the first half of a step: writes what the other blocks of U multiply to given [H].
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void first_half_row(Block block, const Numbers& numbers, const CellType& type,
                               RecurrentRow<Numbers, Sums> row, float* given) {
  RecurrentKinds::visit_at(type.kind,
                           [&]<class Kind>(Kind) { Kind::first_half(block, numbers, row, given); });
}

}  // namespace edgeval
