#include "host/engine/translate/encoder.hpp"

#include <algorithm>

namespace edgeval {
namespace {

// Returns h or c of all directions side by side.
Matrix<float> side_by_side(const std::vector<FinalStates>& directions,
                           Matrix<float> FinalStates::*of) {
  const Index rows = (directions[0].*of).rows(), cols = (directions[0].*of).cols();
  Matrix<float> both(rows, cols * static_cast<Index>(directions.size()));
  for (std::size_t d = 0; d < directions.size(); ++d)
    for (Index n = 0; n < rows; ++n)
      std::copy_n((directions[d].*of).row(n), cols, both.row(n) + static_cast<Index>(d) * cols);
  return both;
}

}  // namespace

Encoded encode(Engine& engine, const Ragged<float>& embedded, const OperatingPoint& point,
               LayerObserver* observer) {
  BatchResult result =
      engine.run(embedded, point, {.outputs = true, .final_states = true}, observer);
  EncoderStates states;
  for (const std::vector<FinalStates>& layer : result.final_states) {
    states.h.push_back(side_by_side(layer, &FinalStates::h));
    states.c.push_back(side_by_side(layer, &FinalStates::c));
  }
  return {{std::move(result.outputs), std::move(states)}, std::move(result.activity)};
}

EncodedBatch slice(const EncodedBatch& batch, Index first, Index last) {
  const auto rows = [&](const std::vector<Matrix<float>>& all) {
    std::vector<Matrix<float>> some;
    for (const Matrix<float>& of_layer : all) {
      Matrix<float>& part = some.emplace_back(last - first, of_layer.cols());
      std::copy_n(of_layer.row(first), part.size(), part.data());
    }
    return some;
  };
  return {slice(batch.keys, first, last), {rows(batch.states.h), rows(batch.states.c)}};
}

}  // namespace edgeval
