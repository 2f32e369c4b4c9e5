#include "host/engine/translate/decoder_counts.hpp"

#include <algorithm>

#include "host/engine/counting.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {

KeyCounts KeyCounts::of(MatrixView<const float> keys) {
  return {keys.rows, static_cast<std::uint64_t>(
                         std::count(keys.data, keys.data + keys.rows * keys.cols, 0.0F))};
}

LinearEnd linear_end(const TranslationModel& model, std::size_t layer) {
  if (layer == model.generator) return LinearEnd::kLogSoftmax;
  const bool bridge = model.bridge.hidden == layer || model.bridge.cell == layer;
  const bool tanh =
      bridge ? model.bridge.tanh : layer == model.attention.output && model.attention.output_tanh;
  return tanh ? LinearEnd::kTanh : LinearEnd::kActivation;
}

Activity DecoderCounts::blank() const {
  Activity activity;
  const std::vector<Layer>& layers = model_->network.layers;
  for (std::size_t i = model_->network.stack().size(); i < layers.size(); ++i)
    for (LayerShape& shape : layer_shapes(layers[i], policy(i))) {
      shape.form.output_tanh = linear_end(*model_, i) == LinearEnd::kTanh;
      shape.form.softmax = linear_end(*model_, i) == LinearEnd::kLogSoftmax;
      activity.layers.push_back({std::move(shape), {}});
    }
  LayerShape& attention = activity.layers.emplace_back().shape;
  attention.name = model_->attention.name;
  attention.kind = kAttention;
  attention.inputs = model_->keys();
  attention.outputs = 1;
  attention.form = {.unbiased = true, .hidden = model_->attention.hidden};
  attention.weight_bits =
      activity.layers[model_->attention.output - model_->network.stack().size()].shape.weight_bits;
  return activity;
}

StepOf DecoderCounts::step_of(std::size_t entry) const {
  const std::size_t i = model_->network.stack().size() + entry;
  if (i == model_->network.layers.size()) return StepOf::kRowAndPosition;
  if (model_->bridge.hidden == i || model_->bridge.cell == i) return StepOf::kSentence;
  return model_->attention.context == i ? StepOf::kPosition : StepOf::kRow;
}

void DecoderCounts::complete(const KeyCounts& keys, Index rows, Activity& activity) const {
  const Index positions = keys.positions;
  for (std::size_t l = 0; l + 1 < activity.layers.size(); ++l) {
    const std::size_t i = model_->network.stack().size() + l;
    const Index run = steps(step_of(l), positions, rows);
    complete_lane(activity.layers[l], policy(i), run, run);
  }
  LayerActivity& attention = activity.layers.back();
  attention[Count::kInputsZero] = static_cast<std::uint64_t>(rows) * keys.zeros;
  attention[Count::kInputsChanged] = static_cast<std::uint64_t>(rows * positions * model_->keys());
  complete_lane(attention, {EveryStep{}, AsIs{}}, rows * positions, rows * positions);
}

}  // namespace edgeval
