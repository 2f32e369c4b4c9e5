#include "cuda/translate/decoder_runner.hpp"

#include <algorithm>

namespace edgeval::gpu {

DecoderRunner::DecoderRunner(std::shared_ptr<const TranslationModel> model, int threads)
    : model_(std::move(model)),
      counts_(model_, {}),
      copies_(threads),
      weights_(
          device_layers(network_of(model_),
                        std::span(model_->network.layers).subspan(model_->network.stack().size()))),
      recurrent_(model_->decoder.size()),
      linear_(weights_.size()) {
  const MatrixView<const float> embedding = model_->target_embedding.view();
  embedding_.resize_discarding(embedding.rows, embedding.cols, stream_);
  upload(embedding, embedding_.view(), stream_);
}

const DeviceProducts& DecoderRunner::products(std::size_t layer) {
  const LayerPolicy& choice = policy(layer);
  DeviceLayer& weights = weights_[place(layer)];
  if (eight_bits_of_floats(choice))
    return weights.in_form(WeightForm::kAlpha8Bits, cublas_, stream_).front();
  return weights.get(choice.arithmetic, cublas_, stream_).front();
}

LayerTotals DecoderRunner::totals(std::size_t layer) const {
  unsigned long long* const first =
      totals_.data() + static_cast<Index>(place(layer)) * kTotals * sentences_;
  const auto row = [&](Index which) { return first + which * sentences_; };
  return {{row(0), row(1)}, {row(2), row(3)}, row(4)};
}

RecurrentStepTask DecoderRunner::recurrent_task(std::size_t at) {
  const std::size_t layer = model_->decoder[at];
  const std::optional<WeightForm> form = second_form(policy(layer));
  const DeviceProducts* second =
      form ? &weights_[place(layer)].in_form(*form, cublas_, stream_).front() : nullptr;
  return {
      {model_->cells(layer), products(layer), policy(layer), most_rows_}, second, totals(layer)};
}

LinearStepTask DecoderRunner::linear_task(std::size_t layer, Index rows) {
  return {model_->linear(layer),      products(layer), policy(layer), rows,
          linear_end(*model_, layer), totals(layer)};
}

StepLaunch DecoderRunner::launch(Index rows) const {
  return {rows_.pack(), &rows_.view().state->running, rows, stream_};
}

void DecoderRunner::start(const Batch& batch) {
  check_point(model_->network, batch.point);
  counts_ = DecoderCounts(model_, batch.point);
  sentences_ = batch.sentences;
  most_rows_ = batch.rows;
  offsets_ = offsets_of(batch.encoded.keys, batch.first, batch.sentences);
  reserve(batch);
  totals_.zero(static_cast<Index>(weights_.size()) * kTotals * sentences_, stream_);
  rows_.start(batch.order, offsets_, static_cast<int>(*model_->target.bos), stream_);
  remember();
  start_layers(batch);
  collect_segments();
}

void DecoderRunner::reserve(const Batch& batch) {
  const Attention& attention = model_->attention;
  const Index padded = Product::padded(most_rows_), keys = model_->keys(),
              queries = model_->queries();
  const Index feed = model_->input_feeding ? attention.outputs : 0;
  totals_.reserve_discarding(static_cast<Index>(weights_.size()) * kTotals * sentences_, stream_);
  rows_.reserve(most_rows_, sentences_, batch.steps, stream_);
  x_.resize_discarding(padded, embedding_.view().cols + feed, stream_);
  both_.resize_discarding(padded, keys + queries, stream_);
  feed_.resize_discarding(padded, attention.outputs, stream_);
  lanes_.upload(offsets_, stream_);
  shares_.resize_discarding(most_rows_, lanes_.lanes().longest, stream_);
  if (!std::holds_alternative<Fp32>(policy(attention.output).arithmetic))
    codes_.resize_discarding(most_rows_, keys, stream_);
  for (std::size_t at = 0; at < recurrent_.size(); ++at)
    recurrent_[at].reserve(recurrent_task(at), stream_);
  if (attention.probe) {
    probe_.resize_discarding(padded, model_->linear(*attention.probe).width, stream_);
    linear(*attention.probe).reserve(linear_task(*attention.probe, most_rows_), stream_);
  }
  for (std::size_t layer : {attention.output, model_->generator})
    linear(layer).reserve(linear_task(layer, most_rows_), stream_);
  const Ragged<float>& all = batch.encoded.keys;
  const MatrixView<const float> own{all.values.row(all.offsets[batch.first]), offsets_.back(),
                                    all.cols(), all.cols()};
  source_.upload(own, lanes_.lanes(), attention, policy(attention.output).arithmetic, copies_,
                 stream_);
  if (sentences_ > 1) expect_margin();
}

// Computes W_context h(s) of mlp attention for all positions.
void DecoderRunner::remember() {
  if (!model_->attention.context) return;
  const std::size_t layer = *model_->attention.context;
  const LinearStepTask task = linear_task(layer, offsets_.back());
  linear(layer).reserve(task, stream_);
  linear(layer).start(task, stream_);
  linear(layer).run(task, lanes_.lanes(), source_.keys(), source_.hidden(), stream_);
}

// Returns act(W f + b) of the final states f, side by side and in the order of the rows, split over
// the decoder's recurrent layers.
std::vector<Matrix<float>> DecoderRunner::cross_bridge(const std::vector<Matrix<float>>& finals,
                                                       std::size_t layer, const Batch& batch) {
  const LinearStepTask task = linear_task(layer, sentences_);
  Matrix<float> from(sentences_, task.layer.inputs), to(sentences_, task.layer.width);
  const Settle settle;
  for (Index r = 0; r < sentences_; ++r) {
    float* at = from.row(r);
    for (std::size_t l : model_->bridge.from)
      at = std::copy_n(finals[l].row(batch.first + batch.order[static_cast<std::size_t>(r)]),
                       finals[l].cols(), at);
  }
  bridge_in_.resize_discarding(Product::padded(sentences_), from.cols(), stream_);
  bridge_out_.resize_discarding(Product::padded(sentences_), to.cols(), stream_);
  upload(std::as_const(from).view(), bridge_in_.view().leading(sentences_), stream_);
  linear(layer).reserve(task, stream_);
  linear(layer).start(task, stream_);
  launch_begin_step(rows_.view(), sentences_, stream_);
  linear(layer).run(task, bridge_in_.view(), bridge_out_.view(), launch(sentences_));
  download(bridge_out_.view().leading(sentences_), to.view(), stream_);
  stream_.synchronize();
  std::vector<Matrix<float>> parts;
  Index first = 0;
  for (std::size_t at : model_->decoder) {
    const RecurrentLayer& cells = model_->cells(at);
    Matrix<float>& part =
        parts.emplace_back(sentences_, layer == model_->bridge.cell ? cells.cells : cells.width());
    for (Index r = 0; r < sentences_; ++r) std::copy_n(to.row(r) + first, part.cols(), part.row(r));
    first += part.cols();
  }
  return parts;
}

void DecoderRunner::start_layers(const Batch& batch) {
  const Bridge& bridge = model_->bridge;
  const EncoderStates& finals = batch.encoded.states;
  std::vector<Index> order(batch.order.begin(), batch.order.end());
  for (Index& sentence : order) sentence += batch.first;
  std::vector<Matrix<float>> h, c;
  if (bridge.hidden) {
    h = cross_bridge(finals.h, *bridge.hidden, batch);
    if (bridge.cell) c = cross_bridge(finals.c, *bridge.cell, batch);
  } else {
    for (std::size_t at = 0; at < recurrent_.size(); ++at) {
      h.push_back(gathered_rows(finals.h[bridge.from[at]], order));
      c.push_back(gathered_rows(finals.c[bridge.from[at]], order));
    }
  }
  for (std::size_t at = 0; at < recurrent_.size(); ++at) {
    const RecurrentLayer& cells = model_->cells(model_->decoder[at]);
    if (c.size() <= at) c.push_back(Matrix<float>(sentences_, cells.cells));
    // A layer without c starts from h.
    recurrent_[at].start(recurrent_task(at), rows_, h[at], cells.has_c() ? c[at] : h[at], stream_);
  }
  const Attention& attention = model_->attention;
  if (attention.probe)
    linear(*attention.probe).start(linear_task(*attention.probe, most_rows_), stream_);
  for (std::size_t layer : {attention.output, model_->generator})
    linear(layer).start(linear_task(layer, most_rows_), stream_);
  feed_.zero(stream_);
}

// Collects the memory that moves with the hypotheses.
void DecoderRunner::collect_segments() {
  segments_.clear();
  for (std::size_t at = 0; at < recurrent_.size(); ++at)
    recurrent_[at].add_segments(recurrent_task(at), segments_);
  std::vector<std::size_t> layers{model_->attention.output, model_->generator};
  if (model_->attention.probe) layers.push_back(*model_->attention.probe);
  for (std::size_t layer : layers)
    linear(layer).add_segments(linear_task(layer, most_rows_), segments_);
  segments_.push_back({feed_.view().data, feed_.view().stride * Index{sizeof(float)}, nullptr});
  constexpr Index kAligned = 16;
  Index bytes = 0;
  for (const RowSegment& segment : segments_)
    bytes += padded_to(segment.bytes * most_rows_, kAligned);
  scratch_.reserve_discarding(bytes, stream_);
  std::byte* at = scratch_.data();
  for (RowSegment& segment : segments_) {
    segment.scratch = at;
    at += padded_to(segment.bytes * most_rows_, kAligned);
  }
  segments_on_device_.upload(segments_, stream_);
}

void DecoderRunner::step(Index rows, std::int32_t* attended, Index widest) {
  const Attention& attention = model_->attention;
  const RowView view = rows_.view();
  const StepLaunch now = launch(rows);
  launch_begin_step(view, rows, stream_);
  const DeviceView<float> feed = model_->input_feeding ? feed_.view() : DeviceView<float>{};
  launch_embed(view, embedding_.view(), feed, x_.view().leading(rows), stream_);
  DeviceView<const float> x = x_.view();
  for (std::size_t at = 0; at < recurrent_.size(); ++at) {
    recurrent_[at].run(recurrent_task(at), x, now);
    x = recurrent_[at].h();
  }
  DeviceView<const float> probe = x;
  if (attention.probe) {
    linear(*attention.probe).run(linear_task(*attention.probe, most_rows_), x, probe_.view(), now);
    probe = probe_.view();
  }
  launch_attention(policy(attention.output).arithmetic,
                   {.rows = view,
                    .source = source_.view(),
                    .probe = probe,
                    .query = x,
                    .both = both_.view(),
                    .shares = shares_.view(),
                    .codes = codes_.view(),
                    .attended = attended,
                    .sentences = sentences_,
                    .widest = widest},
                   rows, stream_);
  linear(attention.output)
      .run(linear_task(attention.output, most_rows_), both_.view(), feed_.view(), now);
  linear(model_->generator).multiply(linear_task(model_->generator, most_rows_), feed_.view(), now);
}

VocabularyTask DecoderRunner::vocabulary() {
  const LinearStepLayer& generator = linear(model_->generator);
  const LinearStepTask task = linear_task(model_->generator, most_rows_);
  return {.sums = generator.sums(task),
          .numbers = generator.numbers(),
          .sums_fit = task.sums_fit(),
          .width = task.layer.width,
          .softmax = source_.view().softmax};
}

void DecoderRunner::gather(const Index* count, Index most) {
  launch_gather(rows_.view(), segments_on_device_.data(), static_cast<Index>(segments_.size()),
                count, std::min(most, most_rows_), stream_);
}

std::vector<KeyCounts> DecoderRunner::keys() const {
  const std::vector<unsigned long long> zeros = source_.zeros(sentences_, stream_);
  std::vector<KeyCounts> counts;
  for (std::size_t n = 0; n < zeros.size(); ++n)
    counts.push_back({offsets_[n + 1] - offsets_[n], zeros[n]});
  return counts;
}

std::vector<Activity> DecoderRunner::activity() const {
  std::vector<unsigned long long> totals(weights_.size() *
                                         static_cast<std::size_t>(kTotals * sentences_));
  const Settle settle;
  totals_.download(totals.data(), static_cast<Index>(totals.size()), stream_);
  stream_.synchronize();
  std::vector<Activity> all(static_cast<std::size_t>(sentences_), counts().blank());
  const std::size_t first = model_->network.stack().size();
  for (Index n = 0; n < sentences_; ++n)
    for (std::size_t l = 0; l < weights_.size(); ++l) {
      const auto total = [&](Index which) {
        return totals[(static_cast<Index>(l) * kTotals + which) * sentences_ + n];
      };
      LayerActivity& activity = all[static_cast<std::size_t>(n)].layers[l];
      activity[Count::kInputsChanged] = total(0);
      activity[Count::kInputsZero] = total(1);
      activity[Count::kRecurrentInputsChanged] = total(2);
      activity[Count::kRecurrentInputsZero] = total(3);
      count_selected(activity, policy(first + l), total(4), 0);
    }
  return all;
}

}  // namespace edgeval::gpu
