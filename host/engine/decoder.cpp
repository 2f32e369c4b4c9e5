#include "host/engine/decoder.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "host/engine/body/linear.hpp"
#include "host/engine/body/recurrent_cell.hpp"
#include "host/engine/counting.hpp"

namespace edgeval {
namespace {

float exponential(float x) {
  const ExpParts e = exp_parts(x);
  return e.two_to_n + e.two_to_n * e.q;
}

// Sixteen partial sums, so that it vectorises and still adds in one order.
float dot(const float* a, const float* b, Index width) {
  constexpr Index kParts = 16;
  float parts[kParts] = {};
  Index i = 0;
  for (; i + kParts <= width; i += kParts)
    for (Index p = 0; p < kParts; ++p) parts[p] += a[i + p] * b[i + p];
  for (Index p = 0; i < width; ++i, ++p) parts[p] += a[i] * b[i];
  float sum = 0;
  for (float part : parts) sum += part;
  return sum;
}

// z -> z - max z - ln sum exp(z - max z), in place.
void log_softmax(float* z, Index width) {
  const float most = *std::max_element(z, z + width);
  double sum = 0;
  for (Index i = 0; i < width; ++i) sum += static_cast<double>(exponential(z[i] - most));
  const auto shift = static_cast<float>(static_cast<double>(most) + std::log(sum));
  for (Index i = 0; i < width; ++i) z[i] -= shift;
}

LayerProducts<DenseProduct> pack(const RecurrentLayer& layer, const CellConstants& constants) {
  EDGEVAL_EXPECTS(!layer.form.reset_before && layer.form.projection == 0, "decoder layer ", layer.name,
                  ": a decoder has no cells with projection or a reset before the product");
  const RecurrentWeights& weights = layer.weights[0];
  return {DenseProduct(weights.weight_ih.view()), DenseProduct(weights.weight_hh.view()), &constants.bias, {}, &constants};
}

Matrix<float> blank(Index rows, Index cols) { return Matrix<float>(padded_rows(rows), cols); }

std::uint64_t zeros(std::span<const float> x) {
  return static_cast<std::uint64_t>(std::ranges::count(x, 0.0F));
}

void copy_rows(const Matrix<float>& from, std::span<const Index> rows, Matrix<float>& to) {
  to = blank(static_cast<Index>(rows.size()), from.cols());
  for (std::size_t r = 0; r < rows.size(); ++r)
    std::copy_n(from.row(rows[r]), from.cols(), to.row(static_cast<Index>(r)));
}

}  // namespace

Decoder::Decoder(const TranslationModel& model)
    : model_(model),
      linear_out_(model.linear(model.attention.output).weight.view()),
      generator_(model.linear(model.generator).weight.view()) {
  for (std::size_t layer : model.decoder) constants_.push_back(cell_constants(model.cells(layer)));
  for (std::size_t l = 0; l < model.decoder.size(); ++l)
    layers_.push_back(pack(model.cells(model.decoder[l]), constants_[l][0]));
  const Attention& attention = model.attention;
  if (attention.probe) probe_.emplace(model.linear(*attention.probe).weight.view());
  if (attention.context) context_.emplace(model.linear(*attention.context).weight.view());
}

DecoderMemory Decoder::remember(Ragged<float> keys) const {
  DecoderMemory memory;
  if (context_) {
    memory.hidden = Ragged<float>(keys.lengths(), model_.attention.hidden);
    const Index rows = keys.values.rows();
    Matrix<float> x = blank(rows, keys.cols()), y = blank(rows, model_.attention.hidden);
    std::copy_n(keys.values.data(), keys.values.size(), x.data());
    (*context_)(x.data(), rows, y.data());
    std::copy_n(y.data(), memory.hidden.values.size(), memory.hidden.values.data());
  }
  memory.keys = std::move(keys);
  return memory;
}

Activity Decoder::blank_activity() const {
  const LayerPolicy dense{EveryStep{}, AsIs{}, Fp32{}};
  Activity activity;
  const std::vector<Layer>& layers = model_.network.layers;
  for (std::size_t i = model_.network.stack().size(); i < layers.size(); ++i)
    for (const LayerShape& shape : layer_shapes(layers[i], dense)) activity.layers.push_back({shape, {}});
  const auto form = [&](std::size_t layer) -> CellForm& { return activity.layers[place(layer)].shape.form; };
  form(model_.attention.output).output_tanh = model_.attention.output_tanh;
  for (std::optional<std::size_t> bridge : {model_.bridge.hidden, model_.bridge.cell})
    if (bridge) form(*bridge).output_tanh = model_.bridge.tanh;
  form(model_.generator).softmax = true;
  activity.layers.push_back({{.name = model_.attention.name,
                              .kind = LayerKind::kAttention,
                              .inputs = model_.keys(),
                              .outputs = 1,
                              .form = {.unbiased = true, .hidden = model_.attention.hidden}},
                             {}});
  return activity;
}

void Decoder::complete(const DecoderMemory& memory, Index sentence, Index rows, Activity& activity) const {
  const LayerPolicy dense{EveryStep{}, AsIs{}, Fp32{}};
  const MatrixView<const float> keys = memory.keys.sequence(sentence);
  const std::uint64_t zero_keys = zeros({keys.data, static_cast<std::size_t>(keys.rows * keys.cols)});
  const auto is = [](std::optional<std::size_t> layer, std::size_t i) { return layer && *layer == i; };
  for (std::size_t l = 0; l + 1 < activity.layers.size(); ++l) {
    const std::size_t i = model_.network.stack().size() + l;
    const bool context = is(model_.attention.context, i);
    const bool once = is(model_.bridge.hidden, i) || is(model_.bridge.cell, i);
    const Index steps = once ? 1 : context ? keys.rows : rows;
    LayerActivity& layer = activity.layers[l];
    if (context) layer[Count::kInputsZero] = zero_keys;
    layer[Count::kInputsChanged] = static_cast<std::uint64_t>(steps * layer.shape.product_inputs());
    layer[Count::kRecurrentInputsChanged] = static_cast<std::uint64_t>(steps * layer.shape.recurrent);
    complete_lane(layer, dense, steps, steps);
  }
  LayerActivity& attention = activity.layers.back();
  attention[Count::kInputsZero] = static_cast<std::uint64_t>(rows) * zero_keys;
  attention[Count::kInputsChanged] = static_cast<std::uint64_t>(rows * keys.rows * keys.cols);
  complete_lane(attention, dense, rows * keys.rows, rows * keys.rows);
}

void Decoder::count_zeros(std::size_t layer, Source source, const Matrix<float>& x, std::span<const Row> rows,
                          std::span<Activity> activity) const {
  const Count zero = source == Source::kInput ? Count::kInputsZero : Count::kRecurrentInputsZero;
  for (std::size_t r = 0; r < rows.size(); ++r)
    activity[static_cast<std::size_t>(rows[r].sentence)].layers[place(layer)][zero] +=
        zeros({x.row(static_cast<Index>(r)), static_cast<std::size_t>(x.cols())});
}

DecoderState Decoder::start(const EncoderStates& encoder, std::span<Activity> activity) const {
  const Bridge& bridge = model_.bridge;
  const Index rows = encoder.h.at(0).rows();
  DecoderState state;
  state.feed = blank(rows, model_.attention.outputs);
  for (std::size_t at : model_.decoder) {
    const RecurrentLayer& layer = model_.cells(at);
    state.h.push_back(blank(rows, layer.width()));
    state.c.push_back(blank(rows, layer.cells));
  }
  // f [rows, F] -> act(W f + b), split over the layers.
  const auto through = [&](const std::vector<Matrix<float>>& finals, std::size_t layer, std::vector<Matrix<float>>& to) {
    const LinearLayer& linear = model_.linear(layer);
    const ActivationRange range = activation_range(linear.activation);
    std::vector<float> f(static_cast<std::size_t>(linear.inputs));
    for (Index r = 0; r < rows; ++r) {
      float* at = f.data();
      for (std::size_t layer : bridge.from) at = std::copy_n(finals[layer].row(r), finals[layer].cols(), at);
      activity[static_cast<std::size_t>(r)].layers[place(layer)][Count::kInputsZero] += zeros(f);
      Index o = 0;
      for (Matrix<float>& part : to)
        for (Index j = 0; j < part.cols(); ++j, ++o) {
          const float y = clamp(dot(linear.weight.row(o), f.data(), linear.inputs) + linear.bias(0, o), range.low, range.high);
          part(r, j) = bridge.tanh ? hyperbolic_tangent(y) : y;
        }
    }
  };
  if (bridge.hidden) {
    through(encoder.h, *bridge.hidden, state.h);
    if (bridge.cell) through(encoder.c, *bridge.cell, state.c);
  } else {
    for (std::size_t l = 0; l < state.h.size(); ++l)
      for (Index r = 0; r < rows; ++r) {
        std::copy_n(encoder.h[bridge.from[l]].row(r), state.h[l].cols(), state.h[l].row(r));
        std::copy_n(encoder.c[bridge.from[l]].row(r), state.c[l].cols(), state.c[l].row(r));
      }
  }
  for (std::size_t l = 0; l < state.h.size(); ++l)  // a GRU's state is its h
    if (model_.cells(model_.decoder[l]).kind == LayerKind::kGru) std::copy_n(state.h[l].data(), state.h[l].size(), state.c[l].data());
  return state;
}

DecoderState Decoder::gather(const DecoderState& state, std::span<const Index> parents) {
  DecoderState rows;
  rows.h.resize(state.h.size());
  rows.c.resize(state.c.size());
  for (std::size_t l = 0; l < state.h.size(); ++l) {
    copy_rows(state.h[l], parents, rows.h[l]);
    copy_rows(state.c[l], parents, rows.c[l]);
  }
  copy_rows(state.feed, parents, rows.feed);
  return rows;
}

void Decoder::run_layer(std::size_t l, const Matrix<float>& x, Index rows, DecoderState& state) const {
  const RecurrentLayer& layer = model_.cells(model_.decoder[l]);
  const FloatLayer arithmetic(layers_[l]);
  const Index gate_rows = layer.gates() * layer.cells;
  Matrix<float> wx = blank(rows, gate_rows), uh = blank(rows, gate_rows);
  arithmetic.multiply_input(x.data(), rows, wx.data());
  arithmetic.multiply_recurrent(state.h[l].data(), rows, uh.data());
  for (Index r = 0; r < rows; ++r)
    recurrent_cell_row(SerialBlock{}, arithmetic.numbers(), layer.kind, layer.form, false,
                       RecurrentRow<FloatNumbers>{.wx = wx.row(r), .uh = uh.row(r), .after = nullptr, .x = x.row(r),
                                                  .cells = layer.cells, .c = state.c[l].row(r), .h = state.h[l].row(r)});
}

Index Decoder::attend(const DecoderMemory& memory, Index sentence, const float* query, const float* probe,
                      float* context) const {
  const Attention& attention = model_.attention;
  const MatrixView<const float> keys = memory.keys.sequence(sentence);
  std::vector<float> weights(static_cast<std::size_t>(keys.rows));
  for (Index s = 0; s < keys.rows; ++s) {
    float& score = weights[static_cast<std::size_t>(s)];
    if (attention.type == Attention::Type::kMlp) {
      const float* hidden = memory.hidden.sequence(sentence).row(s);
      double sum = 0;
      for (Index m = 0; m < attention.hidden; ++m)
        sum += static_cast<double>(attention.score(0, m)) * static_cast<double>(hyperbolic_tangent(probe[m] + hidden[m]));
      score = static_cast<float>(sum);
    } else {
      score = dot(attention.type == Attention::Type::kGeneral ? probe : query, keys.row(s), keys.cols);
    }
  }
  const auto most = std::max_element(weights.begin(), weights.end());
  const Index best = most - weights.begin();
  const float greatest = *most;
  double sum = 0;
  for (float& weight : weights) sum += static_cast<double>(weight = exponential(weight - greatest));
  std::fill_n(context, keys.cols, 0.0F);
  for (Index s = 0; s < keys.rows; ++s) {
    const auto weight = static_cast<float>(static_cast<double>(weights[static_cast<std::size_t>(s)]) / sum);
    for (Index k = 0; k < keys.cols; ++k) context[k] += weight * keys(s, k);
  }
  return best;
}

void Decoder::step(const DecoderMemory& memory, std::span<const Row> rows, DecoderState& state,
                   Matrix<float>& log_probabilities, std::vector<Index>& attended, std::span<Activity> activity) const {
  const auto count = static_cast<Index>(rows.size());
  const Attention& attention = model_.attention;
  const Index width = model_.target_embedding.cols(), feed = model_.input_feeding ? attention.outputs : 0;
  Matrix<float> x = blank(count, width + feed);
  for (Index r = 0; r < count; ++r) {
    std::copy_n(model_.target_embedding.row(rows[static_cast<std::size_t>(r)].token), width, x.row(r));
    std::copy_n(state.feed.row(r), feed, x.row(r) + width);
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Matrix<float>& input = l == 0 ? x : state.h[l - 1];
    count_zeros(model_.decoder[l], Source::kInput, input, rows, activity);
    count_zeros(model_.decoder[l], Source::kRecurrent, state.h[l], rows, activity);
    run_layer(l, input, count, state);
  }

  const Matrix<float>& query = state.h.back();
  const Index keys = model_.keys();
  Matrix<float> probe;
  if (probe_) {
    probe = blank(count, attention.type == Attention::Type::kMlp ? attention.hidden : keys);
    count_zeros(*attention.probe, Source::kInput, query, rows, activity);
    (*probe_)(query.data(), count, probe.data());
    const Matrix<float>& query_bias = model_.linear(*attention.probe).bias;
    if (query_bias.size() > 0)
      for (Index r = 0; r < count; ++r)
        for (Index m = 0; m < attention.hidden; ++m) probe(r, m) += query_bias(0, m);
  }
  Matrix<float> both = blank(count, keys + query.cols());
  attended.resize(rows.size());
  for (Index r = 0; r < count; ++r) {
    const auto at = static_cast<std::size_t>(r);
    attended[at] = attend(memory, rows[at].sentence, query.row(r), probe.size() > 0 ? probe.row(r) : nullptr, both.row(r));
    std::copy_n(query.row(r), query.cols(), both.row(r) + keys);
  }
  count_zeros(attention.output, Source::kInput, both, rows, activity);
  linear_out_(both.data(), count, state.feed.data());
  const Matrix<float>& output_bias = model_.linear(attention.output).bias;
  for (Index r = 0; r < count; ++r)
    for (Index a = 0; a < attention.outputs; ++a) {
      float& value = state.feed(r, a);
      if (output_bias.size() > 0) value += output_bias(0, a);
      if (attention.output_tanh) value = hyperbolic_tangent(value);
    }
  const LinearLayer& generator = model_.linear(model_.generator);
  log_probabilities = blank(count, generator.width);
  count_zeros(model_.generator, Source::kInput, state.feed, rows, activity);
  generator_(state.feed.data(), count, log_probabilities.data());
  for (Index r = 0; r < count; ++r) {
    for (Index v = 0; v < log_probabilities.cols(); ++v) log_probabilities(r, v) += generator.bias(0, v);
    log_softmax(log_probabilities.row(r), log_probabilities.cols());
  }
}

namespace {

// Collects the final states of the encoder's layers.
class StateCollector : public LayerObserver {
 public:
  explicit StateCollector(const Model& network) : network_(network) {}
  void on_layer(Index layer, const Ragged<float>&, const Ragged<float>& output) override {
    const auto& cells = std::get<RecurrentLayer>(network_.layers[static_cast<std::size_t>(layer)]);
    Matrix<float>& h = states.h.emplace_back(output.sequences(), cells.outputs());
    for (Index n = 0; n < output.sequences(); ++n)
      for (std::size_t d = 0; d < cells.directions.size(); ++d) {
        const Index t = cells.directions[d] == Direction::kForward ? output.length(n) - 1 : 0;
        const Index first = static_cast<Index>(d) * cells.width();
        std::copy_n(output.sequence(n).row(t) + first, cells.width(), h.row(n) + first);
      }
  }
  void on_final_cells(Index layer, std::size_t direction, const Matrix<float>& c) override {
    const auto& cells = std::get<RecurrentLayer>(network_.layers[static_cast<std::size_t>(layer)]);
    if (direction == 0) states.c.emplace_back(c.rows(), static_cast<Index>(cells.directions.size()) * cells.cells);
    for (Index n = 0; n < c.rows(); ++n)
      std::copy_n(c.row(n), cells.cells, states.c.back().row(n) + static_cast<Index>(direction) * cells.cells);
  }
  EncoderStates states;

 private:
  const Model& network_;
};

}  // namespace

Encoded encode(const Decoder& decoder, Engine& engine, const Ragged<float>& embedded, const OperatingPoint& point) {
  StateCollector collector(decoder.model().network);
  BatchResult result = engine.run(embedded, point, &collector);
  EDGEVAL_EXPECTS(collector.states.c.size() == collector.states.h.size(), "the engine on ", engine.device(),
                  " does not hand on the final states that a translation starts from; use --device cpu");
  return {decoder.remember(std::move(result.outputs)), std::move(collector.states), std::move(result.activity)};
}

}  // namespace edgeval
