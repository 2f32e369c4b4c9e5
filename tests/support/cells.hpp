// The kinds of cells that tests go through, with their options.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

struct NamedCell {
  std::string name;  // name that can be part of a test's name
  LayerKind kind;
  CellForm form;  // where projection or window is 1, the test chooses its size

  bool has_c() const { return layer().has_c(); }
  // Whether a step of the cells comes in two halves. Such cells take no operand but as_is.
  bool in_halves() const { return layer().blocks().in_halves(); }

 private:
  RecurrentLayer layer() const {
    RecurrentLayer layer;
    layer.kind = kind;
    layer.form = form;
    return layer;
  }
};

inline void PrintTo(const NamedCell& cell, std::ostream* out) { *out << cell.name; }

// Returns every kind of cells but the plain LSTM.
inline std::vector<NamedCell> every_cell() {
  return {{"LstmWithPeepholes", kLstm, {.peepholes = true}},
          {"LstmWithProjection", kLstm, {.projection = 1}},
          {"LstmWithPeepholesAndProjection", kLstm, {.peepholes = true, .projection = 1}},
          {"Gru", kGru, {}},
          {"GruWithoutBiases", kGru, {.unbiased = true}},
          {"GruResettingBefore", kGru, {.reset_before = true}},
          {"GruResettingBeforeWithoutBiases", kGru, {.reset_before = true, .unbiased = true}},
          {"Sru", kSru, {}},
          {"SruWithTanh", kSru, {.output_tanh = true}},
          {"Qrnn", kQrnn, {}},
          {"QrnnWithoutBiases", kQrnn, {.unbiased = true}},
          {"QrnnWithTanh", kQrnn, {.output_tanh = true}}};
}

struct DenseCounts {
  std::int64_t multiplications, additions, nonlinear, weights, biases;
};

// Returns the counts of a step of n cells on m inputs: table 3 of P2 as docs/techniques.md corrects
// it, with the biases of GRU and QRNN, which the table leaves out.
inline DenseCounts dense_counts_of(const NamedCell& cell, std::int64_t m, std::int64_t n) {
  const CellForm& form = cell.form;
  const std::int64_t p = form.projection, k = form.window, tanh = form.output_tanh ? n : 0;
  if (cell.kind == kGru) {
    const std::int64_t biases = form.unbiased ? 0 : (form.reset_before ? 3 : 4) * n;
    return {3 * n * n + 3 * n * m + 3 * n, 3 * n * n + 3 * n * m + 2 * n + biases, 3 * n,
            3 * n * n + 3 * n * m, biases};
  }
  if (cell.kind == kQrnn) {
    const std::int64_t biases = form.unbiased ? 0 : 3 * n;
    return {3 * k * n * m + 3 * n, 3 * k * n * m + 2 * n + biases, 3 * n + tanh, 3 * k * n * m,
            biases};
  }
  if (cell.kind == kSru) {
    const std::int64_t matrices = m == n ? 3 : 4;
    return {matrices * n * m + 6 * n, matrices * n * m + 8 * n, 2 * n + tanh,
            matrices * n * m + 2 * n, 2 * n};
  }
  const std::int64_t peep = form.peepholes ? 3 * n : 0, recurrent = p > 0 ? p : n;
  const std::int64_t products = 4 * n * recurrent + 4 * n * m + n * p;
  return {products + 3 * n + peep, products + 5 * n + peep, 5 * n, products + peep, 4 * n};
}

// Returns layers of one kind of cells with up to 40 cells and windows of up to 4 frames.
inline std::vector<RecurrentSpec> random_cell_layers(Random& random, const NamedCell& cell,
                                                     Index layers) {
  std::vector<RecurrentSpec> specs;
  for (; layers > 0; --layers) {
    RecurrentSpec spec{.cells = random.skewed(1, 40),
                       .directions = random.of<std::vector<Direction>>(
                           {kForwardOnly, kBackwardOnly, kBothDirections}),
                       .kind = cell.kind,
                       .form = cell.form};
    if (spec.form.projection > 0) spec.form.projection = random.skewed(1, 40);
    if (spec.kind == kQrnn) spec.form.window = random.whole(1, 4);
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Returns a model with one or two layers of these cells, sometimes with a linear layer behind them.
inline Model cell_model(Random& random, const NamedCell& cell) {
  std::vector<RecurrentSpec> layers = random_cell_layers(random, cell, random.whole(1, 2));
  // With as many inputs as cells the first layer of an SRU has x itself as its highway.
  const Index inputs = random.chance(0.5) ? layers.front().cells : random.skewed(1, 40);
  return random_model({.inputs = inputs,
                       .lstm = std::move(layers),
                       .outputs = random.chance(0.3) ? 5 : 0,
                       .gain = static_cast<float>(random.uniform(0.5, 1.5))},
                      static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
}

}  // namespace edgeval::test
