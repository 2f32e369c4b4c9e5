#include "host/engine/translate/encoder.hpp"

#include <algorithm>

namespace edgeval {
namespace {

// The rows of some matrices, one below the other.
Matrix<float> stacked(const std::vector<Matrix<float>>& parts) {
  Index rows = 0;
  for (const Matrix<float>& part : parts) rows += part.rows();
  Matrix<float> all(rows, parts.at(0).cols());
  float* to = all.data();
  for (const Matrix<float>& part : parts) to = std::copy_n(part.data(), part.size(), to);
  return all;
}

// Collects the final states of the encoder's layers and hands on what another observer wants to
// see.
class StateCollector : public LayerObserver {
 public:
  StateCollector(const Model& network, LayerObserver* next)
      : network_(network), next_(next), h_(network.stack().size()), c_(network.stack().size()) {}

  bool sees_layers() const override { return next_ != nullptr && next_->sees_layers(); }
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override {
    if (next_ != nullptr) next_->on_layer(layer, input, output);
  }
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    if (next_ != nullptr) next_->on_plan(layer, direction, lane, modes);
  }
  void on_final_states(Index layer, std::size_t direction, const FinalStates& states) override {
    const auto& cells = std::get<RecurrentLayer>(network_.layers[static_cast<std::size_t>(layer)]);
    const auto directions = static_cast<Index>(cells.directions.size()),
               d = static_cast<Index>(direction);
    const auto collect = [&](const Matrix<float>& own, std::vector<Matrix<float>>& parts) {
      if (d == 0) parts.emplace_back(own.rows(), directions * own.cols());
      for (Index n = 0; n < own.rows(); ++n)
        std::copy_n(own.row(n), own.cols(), parts.back().row(n) + d * own.cols());
    };
    collect(states.h, h_[static_cast<std::size_t>(layer)]);
    collect(states.c, c_[static_cast<std::size_t>(layer)]);
  }

  EncoderStates states() const {
    EncoderStates states;
    for (const std::vector<Matrix<float>>& parts : h_) states.h.push_back(stacked(parts));
    for (const std::vector<Matrix<float>>& parts : c_) states.c.push_back(stacked(parts));
    return states;
  }

 private:
  const Model& network_;
  LayerObserver* const next_;
  std::vector<std::vector<Matrix<float>>> h_, c_;  // of each layer, groups of lanes in their order
};

}  // namespace

Encoded encode(const TranslationModel& model, Engine& engine, const Ragged<float>& embedded,
               const OperatingPoint& point, LayerObserver* observer) {
  StateCollector collector(model.network, observer);
  BatchResult result = engine.run(embedded, point, &collector);
  return {{std::move(result.outputs), collector.states()}, std::move(result.activity)};
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
