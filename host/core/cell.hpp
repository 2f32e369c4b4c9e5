// What a layer computes, as far as its shape and its cost go: the kind of its cells, their options,
// and the work of one cell outside the matrix products (docs/cells.md; the closed forms of P2's
// table 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgeval {

enum class LayerKind : std::uint8_t { kLstm, kGru, kSru, kQrnn, kLinear, kAttention };
inline constexpr LayerKind kLayerKinds[] = {LayerKind::kLstm,   LayerKind::kGru,
                                            LayerKind::kSru,    LayerKind::kQrnn,
                                            LayerKind::kLinear, LayerKind::kAttention};

// As model files, reports and accelerators write it.
constexpr const char* name(LayerKind kind) {
  constexpr const char* kNames[] = {"lstm", "gru", "sru", "qrnn", "linear", "attention"};
  return kNames[static_cast<std::size_t>(kind)];
}
constexpr std::optional<LayerKind> layer_kind(std::string_view text) {
  for (LayerKind kind : kLayerKinds)
    if (text == name(kind)) return kind;
  return std::nullopt;
}

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

constexpr CellWork cell_work(LayerKind kind, const CellForm& form) {
  const int tanh = form.output_tanh ? 1 : 0;
  switch (kind) {
    case LayerKind::kLstm: {  // f c, i g, o tanh(c); one sum
      const int diagonals = form.peepholes ? 3 : 0;
      return {3 + diagonals, 1 + 4 + diagonals, 3, 2, diagonals, 4};
    }
    case LayerKind::kGru: {  // r h or r (U h), (1 - z) n, z h; 1 - z, one sum. W x of n is summed
                             // onto r (U h) or U (r h).
      const int biases = form.unbiased ? 0 : (form.reset_before ? 3 : 4);
      return {3, 2 + biases, 2, 1, 0, biases};
    }
    case LayerKind::kSru:  // v_f c, v_r c and their sums; f c, (1 - f) y, r c, (1 - r) x; two 1 -
                           // a, two sums
      return {6, 2 + 4 + 2, 2, tanh, 2, 2};
    case LayerKind::kQrnn: {  // f c, (1 - f) y, o c; 1 - f, one sum
      const int biases = form.unbiased ? 0 : 3;
      return {3, 2 + biases, 2, 1 + tanh, 0, biases};
    }
    case LayerKind::kLinear: {  // softmax: the greatest, z - max, the sum of exps, z - shift, the
                                // hypothesis's score on it; its one logarithm a row is left out
      const int bias = form.unbiased ? 0 : 1, softmax = form.softmax ? 1 : 0;
      return {0, bias + 5 * softmax, 0, tanh, 0, bias, softmax};
    }
    case LayerKind::kAttention: {  // the greatest, score - max, the sum of exps; exp over sum; mlp:
                                   // query + key before tanh
      const int hidden = static_cast<int>(form.hidden);
      return {1, 3 + hidden, 0, hidden, 0, 0, 1};
    }
  }
  return {};
}

}  // namespace edgeval
