#include "host/engine/translate/decoder.hpp"

#include <algorithm>
#include <limits>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Returns the rows `parents` of a matrix, padded to a row block.
Matrix<float> padded(const Matrix<float>& from, std::span<const Index> parents) {
  auto to = padded_matrix<float>(static_cast<Index>(parents.size()), from.cols());
  gather_rows(from, parents, to);
  return to;
}

// Returns the first `rows` rows of a matrix as lanes of one frame each.
Ragged<float> as_lanes(const Matrix<float>& values, Index rows) {
  const std::vector<Index> ones(static_cast<std::size_t>(rows), 1);
  Ragged<float> lanes(ones, values.cols());
  std::copy_n(values.data(), lanes.values.size(), lanes.values.data());
  return lanes;
}

}  // namespace

DecoderState DecoderState::gather(std::span<const Index> parents) const {
  DecoderState rows{.step = step, .h = {}, .feed = padded(feed, parents), .layers = {}};
  for (const Matrix<float>& of_layer : h) rows.h.push_back(padded(of_layer, parents));
  for (const std::unique_ptr<StepState>& layer : layers)
    rows.layers.push_back(layer ? layer->gather(parents) : nullptr);
  return rows;
}

DecoderWeights::DecoderWeights(std::shared_ptr<const TranslationModel> of,
                               const EngineOptions& options)
    : model(std::move(of)) {
  const auto route =
      options.byte_instructions ? ByteProduct::Route::kBest : ByteProduct::Route::kFloats;
  const Model& network = model->network;
  for (const Layer& layer : std::span(network.layers).subspan(network.stack().size()))
    layers.push_back(
        std::make_shared<PackedLayer>(std::shared_ptr<const Layer>(model, &layer), route));
}

Decoder::Decoder(DecoderWeights& weights, const OperatingPoint& point)
    : model_(weights.model), counts_(model_, point) {
  check_point(model_->network, point);
  const std::size_t first = model_->network.stack().size();
  for (std::size_t l = 0; l < weights.layers.size(); ++l)
    layers_.push_back(make_step_layer(weights.layers[l], point.layers[first + l],
                                      linear_end(*model_, first + l)));
  const Attention& attention = model_->attention;
  attention_ = make_source_attention(attention, point.layers[attention.output].arithmetic);
}

// Runs layers over some rows at one step and records what they do.
class Decoder::Step {
 public:
  Step(const Decoder& decoder, DecoderState& state, std::span<const Row> rows,
       const DecoderRecord& record)
      : decoder_(decoder),
        state_(state),
        rows_(static_cast<Index>(rows.size())),
        sentences_(rows),
        record_(record) {}

  // Runs a layer from x to y. A recurrent layer also reads y, which is h(t - 1).
  void run(std::size_t layer, Matrix<float>& x, Matrix<float>& y) {
    const std::size_t l = decoder_.place(layer);
    activity_.clear();
    for (const Row& row : sentences_)
      activity_.push_back(&record_.activity[static_cast<std::size_t>(row.sentence)].layers[l]);
    decoder_.layers_[l]->run({x, rows_, state_.step, activity_}, *state_.layers[l], y);
    if (record_.observer != nullptr)
      record_.observer->on_layer(static_cast<Index>(layer), as_lanes(x, rows_), as_lanes(y, rows_));
  }
  // Returns the output of a linear layer.
  Matrix<float> through(std::size_t layer, Matrix<float>& x) {
    Matrix<float> y = padded_matrix<float>(rows_, decoder_.model_->linear(layer).width);
    run(layer, x, y);
    return y;
  }

 private:
  const Decoder& decoder_;
  DecoderState& state_;
  const Index rows_;
  const std::span<const Row> sentences_;
  const DecoderRecord& record_;
  std::vector<LayerActivity*> activity_;
};

DecoderMemory Decoder::remember(Ragged<float> keys, const DecoderRecord& record) const {
  DecoderMemory memory;
  memory.keys = std::move(keys);
  for (Index length : memory.keys.lengths())
    expect_attendable(counts_.policy(model_->attention.output).arithmetic, length);
  attention_->remember(memory);
  if (!model_->attention.context) return memory;
  const std::size_t layer = *model_->attention.context, l = place(layer);
  memory.hidden = Ragged<float>(memory.keys.lengths(), model_->attention.hidden);
  DecoderState state;
  state.layers.resize(layers_.size());
  std::vector<Row> rows;  // one for each sentence that has positions left
  const std::vector<Index> lengths = memory.keys.lengths();
  for (Index n = 0; n < memory.keys.sequences(); ++n) rows.push_back({n, 0});
  state.layers[l] = layers_[l]->start({memory.keys.sequences(), nullptr, lengths});
  for (;; ++state.step) {
    std::vector<Row> going;
    std::vector<Index> parents;
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (lengths[static_cast<std::size_t>(rows[r].sentence)] > state.step) {
        going.push_back(rows[r]);
        parents.push_back(static_cast<Index>(r));
      }
    if (going.empty()) break;
    if (going.size() < rows.size()) state.layers[l] = state.layers[l]->gather(parents);
    rows = std::move(going);
    const auto count = static_cast<Index>(rows.size());
    auto x = padded_matrix<float>(count, memory.keys.cols());
    for (Index r = 0; r < count; ++r)
      std::copy_n(memory.keys.sequence(rows[static_cast<std::size_t>(r)].sentence).row(state.step),
                  x.cols(), x.row(r));
    const Matrix<float> y = Step(*this, state, rows, record).through(layer, x);
    for (Index r = 0; r < count; ++r)
      std::copy_n(
          y.row(r), y.cols(),
          memory.hidden.sequence(rows[static_cast<std::size_t>(r)].sentence).row(state.step));
  }
  return memory;
}

// Computes act(W f + b) of the final states f, side by side, and splits it over `to`, a matrix for
// each recurrent layer of the decoder.
void Decoder::cross_bridge(const std::vector<Matrix<float>>& finals, std::size_t layer,
                           std::vector<Matrix<float>>& to, const DecoderRecord& record) const {
  const Index rows = finals.at(0).rows();
  Matrix<float> f = padded_matrix<float>(rows, model_->linear(layer).inputs);
  std::vector<Row> sentences;
  const std::vector<Index> lengths(static_cast<std::size_t>(rows), 1);
  for (Index r = 0; r < rows; ++r) {
    float* at = f.row(r);
    for (std::size_t from : model_->bridge.from)
      at = std::copy_n(finals[from].row(r), finals[from].cols(), at);
    sentences.push_back({r, 0});
  }
  DecoderState state;
  state.layers.resize(layers_.size());
  state.layers[place(layer)] = layers_[place(layer)]->start({rows, nullptr, lengths});
  const Matrix<float> y = Step(*this, state, sentences, record).through(layer, f);
  for (Index r = 0; r < rows; ++r) {
    const float* at = y.row(r);
    for (Matrix<float>& part : to) {
      std::copy_n(at, part.cols(), part.row(r));
      at += part.cols();
    }
  }
}

DecoderState Decoder::start(const EncoderStates& encoder, const DecoderMemory& memory,
                            const DecoderRecord& record) const {
  const Bridge& bridge = model_->bridge;
  const Index rows = encoder.h.at(0).rows();
  DecoderState state;
  state.feed = padded_matrix<float>(rows, model_->attention.outputs);
  std::vector<Matrix<float>> cells;
  for (std::size_t at : model_->decoder) {
    state.h.push_back(padded_matrix<float>(rows, model_->cells(at).width()));
    cells.push_back(Matrix<float>(rows, model_->cells(at).cells));
  }
  if (bridge.hidden) {
    cross_bridge(encoder.h, *bridge.hidden, state.h, record);
    if (bridge.cell) cross_bridge(encoder.c, *bridge.cell, cells, record);
  } else {
    for (std::size_t l = 0; l < cells.size(); ++l)
      for (Index r = 0; r < rows; ++r) {
        std::copy_n(encoder.h[bridge.from[l]].row(r), state.h[l].cols(), state.h[l].row(r));
        std::copy_n(encoder.c[bridge.from[l]].row(r), cells[l].cols(), cells[l].row(r));
      }
  }
  const std::vector<Index> lengths = memory.keys.lengths();
  state.layers.resize(layers_.size());
  const auto begin = [&](std::size_t layer, const Matrix<float>* c) {
    state.layers[place(layer)] = layers_[place(layer)]->start({rows, c, lengths});
  };
  for (std::size_t l = 0; l < cells.size(); ++l)  // a layer without c starts from h
    begin(model_->decoder[l], model_->cells(model_->decoder[l]).has_c() ? &cells[l] : &state.h[l]);
  if (model_->attention.probe) begin(*model_->attention.probe, nullptr);
  begin(model_->attention.output, nullptr);
  begin(model_->generator, nullptr);
  return state;
}

void Decoder::step(const DecoderMemory& memory, std::span<const Row> rows, DecoderState& state,
                   Matrix<float>& log_probabilities, std::vector<Index>& attended,
                   const DecoderRecord& record) const {
  const auto count = static_cast<Index>(rows.size());
  const Attention& attention = model_->attention;
  const Index width = model_->target_embedding.cols(),
              feed = model_->input_feeding ? attention.outputs : 0;
  Step layers(*this, state, rows, record);
  Matrix<float> x = padded_matrix<float>(count, width + feed);
  for (Index r = 0; r < count; ++r) {
    std::copy_n(model_->target_embedding.row(rows[static_cast<std::size_t>(r)].token), width,
                x.row(r));
    std::copy_n(state.feed.row(r), feed, x.row(r) + width);
  }
  for (std::size_t l = 0; l < state.h.size(); ++l)
    layers.run(model_->decoder[l], l == 0 ? x : state.h[l - 1], state.h[l]);

  Matrix<float>& query = state.h.back();
  const Matrix<float> probe =
      attention.probe ? layers.through(*attention.probe, query) : Matrix<float>();
  const Index keys = model_->keys();
  Matrix<float> both = padded_matrix<float>(count, keys + query.cols());
  attended.resize(rows.size());
  for (Index r = 0; r < count; ++r) {
    const auto at = static_cast<std::size_t>(r);
    attended[at] = attention_->attend(memory, rows[at].sentence,
                                      attention.probe ? probe.row(r) : query.row(r), both.row(r));
    std::copy_n(query.row(r), query.cols(), both.row(r) + keys);
  }
  layers.run(attention.output, both, state.feed);
  log_probabilities = padded_matrix<float>(count, model_->linear(model_->generator).width);
  layers.run(model_->generator, state.feed, log_probabilities);
  for (Index r = 0; r < count; ++r)  // one overflow makes a whole row infinite or not a number
    EDGEVAL_EXPECTS(absolute(log_probabilities(r, 0)) <= std::numeric_limits<float>::max(),
                    "layer ", layer_name(model_->network.layers[model_->generator]),
                    ": gives no probabilities; weights of the decoder are too large for fp32");
  ++state.step;
}

}  // namespace edgeval
