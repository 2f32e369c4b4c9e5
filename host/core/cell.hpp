// The facts about a layer that decide its cost: its kind, the options of its cells, and the work of
// one cell outside the matrix products (docs/cells.md; the closed forms are those of table 3 of
// Rezk et al. 2020). host/layer/kinds.hpp lists the kinds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace edgeval {

// Options of a layer's cells. The comment of each names the kinds of layers that have it.
struct CellForm {
  bool peepholes = false;  // LSTM: diagonal weights from c to the gates i, f, o
  // GRU: the reset gate multiplies h before the product with U, else the product U h.
  bool reset_before = false;
  bool unbiased = false;  // GRU, QRNN, linear: there are no biases
  // SRU, QRNN: the output is made with tanh(c) instead of c; linear: the outputs pass through tanh.
  bool output_tanh = false;
  bool softmax = false;  // linear: the outputs become log-probabilities, the candidates of a search
  std::int64_t projection = 0;  // LSTM: P, elements of h after the projection; 0: none
  std::int64_t window = 1;      // QRNN: k, frames of x that enter the products of a step
  // Attention: M, the width of the mlp between query and key; 0 for their scalar product.
  std::int64_t hidden = 0;
  bool operator==(const CellForm&) const = default;
};

// The work outside the matrix products at one step, and the parameters stored for it, both for one
// cell (an output of a linear layer, a source position of an attention). The comparisons that find
// the greatest of all outputs are counted as additions.
struct CellWork {
  int multiplications = 0;
  int additions = 0;  // biases included
  int sigmoids = 0, tanhs = 0;
  int diagonals = 0;  // weights that multiply one element of c
  int biases = 0;
  int exps = 0;
};

// What the places that count work know about a kind of layer. Each kind has one such constant.
struct KindFacts {
  const char* name;  // the kind's name in model files, reports and accelerators
  CellWork (*work)(const CellForm&);
  bool attends = false;  // whether its products multiply two activations
  // Whether an accelerator whose rules name kinds of layers must name this one, too, to price it.
  bool needs_rules = true;
};

// One kind of layer. By default it is `none`, whose cells cost nothing.
class LayerKind {
 public:
  constexpr LayerKind() = default;
  constexpr explicit LayerKind(const KindFacts& facts) : facts_(&facts) {}
  constexpr const KindFacts& facts() const { return *facts_; }
  bool operator==(const LayerKind&) const = default;

 private:
  static constexpr CellWork nothing(const CellForm&) { return {}; }
  static constexpr KindFacts kNone{"none", nothing};
  const KindFacts* facts_ = &kNone;
};

using LayerKinds = std::span<const LayerKind>;

constexpr const char* name(LayerKind kind) { return kind.facts().name; }
constexpr std::optional<LayerKind> layer_kind(std::string_view text, LayerKinds known) {
  for (LayerKind kind : known)
    if (text == name(kind)) return kind;
  return std::nullopt;
}

}  // namespace edgeval
