#include "host/engine/translate/encoder.hpp"

#include <algorithm>

#include "host/core/error.hpp"

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

// Gathers the results of points that an engine finds to be different.
class GatheredPoints final : public ResultSink {
 public:
  explicit GatheredPoints(std::size_t points) : results_(points) {}
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    EDGEVAL_ASSERT(points.size() == 1);
    results_[static_cast<std::size_t>(points.front())].add(first, std::move(result));
  }
  std::vector<GatheredResult> take() { return std::move(results_); }

 private:
  std::vector<GatheredResult> results_;
};

Encoded encoded_of(BatchResult&& result) {
  EncoderStates states;
  for (const std::vector<FinalStates>& layer : result.final_states) {
    states.h.push_back(side_by_side(layer, &FinalStates::h));
    states.c.push_back(side_by_side(layer, &FinalStates::c));
  }
  return {{std::move(result.outputs), std::move(states)}, std::move(result.activity)};
}

}  // namespace

std::vector<Encoded> encode(Engine& engine, PreparedBatch& embedded,
                            std::span<const OperatingPoint> points, LayerObserver* observer) {
  GatheredPoints gathered(points.size());
  engine.run(embedded, points, {.outputs = true, .final_states = true}, gathered, observer);
  std::vector<Encoded> encoded;
  for (GatheredResult& result : gathered.take()) encoded.push_back(encoded_of(result.take()));
  return encoded;
}

Encoded encode(Engine& engine, const Ragged<float>& embedded, const OperatingPoint& point) {
  const auto batch = engine.prepare({std::shared_ptr<void>(), &embedded});  // owned by the caller
  return std::move(encode(engine, *batch, {&point, 1}).front());
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
