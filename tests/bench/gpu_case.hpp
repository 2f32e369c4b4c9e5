// Makes random models and features for the GPU's benchmarks, and the case that gpu_bench and its
// peers run: three BiLSTM layers of 320 cells on 120 inputs, and utterances of 100 to 499 frames.
#pragma once

#include <vector>

#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::bench {

inline constexpr Index kInputs = 120, kCells = 320, kLayers = 3;

// Returns a stack of BiLSTM layers and a linear layer behind them, which is left out if `outputs`
// is 0.
inline Model bilstm_stack(Index cells, Index layers, Index outputs = 46) {
  const test::RecurrentSpec layer{cells, test::kBothDirections};
  return test::random_model(
      {.inputs = kInputs,
       .lstm = std::vector<test::RecurrentSpec>(static_cast<std::size_t>(layers), layer),
       .outputs = outputs,
       .gain = 1},
      1);
}

inline Ragged<float> random_features(const std::vector<Index>& lengths, test::Random& random) {
  Ragged<float> features(lengths, kInputs);
  for (float& value : features.values.values()) value = static_cast<float>(random.uniform(-2, 2));
  return features;
}

inline Ragged<float> bench_features(Index lanes) {
  test::Random random(2);
  std::vector<Index> lengths;
  for (Index n = 0; n < lanes; ++n) lengths.push_back(random.whole(100, 499));
  return random_features(lengths, random);
}

}  // namespace edgeval::bench
