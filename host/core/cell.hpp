// What a layer computes, as far as its cost goes: its kind, the options of its cells, and the work
// of one cell outside the matrix products (docs/cells.md; the closed forms of P2's table 3). Which
// kinds there are is in host/layer/kinds.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace edgeval {

// Options of a layer's cells; each belongs to the kinds named.
struct CellForm {
  bool peepholes = false;     // LSTM: diagonal weights from c to the gates i, f, o
  bool reset_before = false;  // GRU: the reset gate multiplies h before the product with U, not U h
  bool unbiased = false;      // GRU, QRNN, linear: no biases
  bool output_tanh =
      false;  // SRU, QRNN: the output takes tanh(c) instead of c; linear: tanh of the outputs
  bool softmax = false;         // linear: log-probabilities of its outputs, candidates of a search
  std::int64_t projection = 0;  // LSTM: P, elements of h after the projection; 0: none
  std::int64_t window = 1;      // QRNN: k, frames of x that enter the products of a step
  std::int64_t hidden =
      0;  // attention: M of the mlp between query and key; 0: their scalar product
  bool operator==(const CellForm&) const = default;
};

// Of one cell (a linear layer: of one output; attention: of one source position) at one step,
// outside the matrix products, and what it stores beside them. Where the greatest of all is sought,
// a comparison is an addition.
struct CellWork {
  int multiplications = 0;
  int additions = 0;  // biases included
  int sigmoids = 0, tanhs = 0;
  int diagonals = 0;  // weights that multiply one element of c
  int biases = 0;
  int exps = 0;
};

// What is known of a kind of layer wherever work is counted. Each kind has one such constant.
struct KindFacts {
  const char* name;  // as model files, reports and accelerators write it
  CellWork (*work)(const CellForm&);
  bool attends = false;  // its products are of two activations
};

// One of the kinds; by default none, whose cells cost nothing.
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
