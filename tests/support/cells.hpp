// The kinds of cells that tests go through, with their options.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

struct NamedCell {
  std::string name;  // fit for a test's name
  LayerKind kind;
  CellForm form;  // projection, window: 1 stands for a size of the test's choice
};

inline void PrintTo(const NamedCell& cell, std::ostream* out) { *out << cell.name; }

// All but the plain LSTM.
inline std::vector<NamedCell> every_cell() {
  return {
      {"LstmWithPeepholes", LayerKind::kLstm, {.peepholes = true}},
      {"LstmWithProjection", LayerKind::kLstm, {.projection = 1}},
      {"LstmWithPeepholesAndProjection", LayerKind::kLstm, {.peepholes = true, .projection = 1}},
      {"Gru", LayerKind::kGru, {}},
      {"GruWithoutBiases", LayerKind::kGru, {.unbiased = true}},
      {"GruResettingBefore", LayerKind::kGru, {.reset_before = true}},
      {"GruResettingBeforeWithoutBiases",
       LayerKind::kGru,
       {.reset_before = true, .unbiased = true}},
      {"Sru", LayerKind::kSru, {}},
      {"SruWithTanh", LayerKind::kSru, {.output_tanh = true}},
      {"Qrnn", LayerKind::kQrnn, {}},
      {"QrnnWithoutBiases", LayerKind::kQrnn, {.unbiased = true}},
      {"QrnnWithTanh", LayerKind::kQrnn, {.output_tanh = true}}};
}

// Layers of one kind of cell, of widths up to 40 and windows up to 4 frames.
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
    if (spec.kind == LayerKind::kQrnn) spec.form.window = random.whole(1, 4);
    specs.push_back(std::move(spec));
  }
  return specs;
}

// A layer of the cell, and often a second one of it on top.
inline Model cell_model(Random& random, const NamedCell& cell) {
  std::vector<RecurrentSpec> layers = random_cell_layers(random, cell, random.whole(1, 2));
  // Half of the SRUs show x itself.
  const Index inputs = random.chance(0.5) ? layers.front().cells : random.skewed(1, 40);
  return random_model({.inputs = inputs,
                       .lstm = std::move(layers),
                       .outputs = random.chance(0.3) ? 5 : 0,
                       .gain = static_cast<float>(random.uniform(0.5, 1.5))},
                      static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
}

}  // namespace edgeval::test
