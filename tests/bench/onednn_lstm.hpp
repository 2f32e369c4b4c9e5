// The peer on the CPU: a stack of bidirectional LSTM layers by oneDNN's LSTM primitive, in f32 or
// in bytes (u8s8: u8 values, s8 weights, f32 cells). It runs batches of utterances that are sorted
// by length and padded to the longest of each batch, as it is commonly used. oneDNN knows no
// lengths, so the backward direction of a padded utterance starts in the padding, and only unpadded
// utterances have the network's outputs. A user who needs all outputs also pays for reversing,
// which is not charged here. Building, packing and quantizing features are not timed.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "host/model/graph.hpp"

namespace edgeval::bench {

struct Difference {
  double worst = 0, mean = 0;
};

class OneDnnStack {
 public:
  enum class Numbers { kFloats, kBytes };

  // `features` are [frames, C] of each utterance; every layer of the model must be a bidirectional
  // LSTM.
  OneDnnStack(const Model& model, const Ragged<float>& features, Index batch, Numbers numbers)
      : bytes_(numbers == Numbers::kBytes), engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    std::vector<Index> order(static_cast<std::size_t>(features.sequences()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return features.length(a) > features.length(b); });
    for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(batch)) {
      const std::size_t last = std::min(order.size(), first + static_cast<std::size_t>(batch));
      add_group(model, features, {order.begin() + first, order.begin() + last});
    }
  }

  void run() {
    for (Group& group : groups_)
      for (Step& step : group.layers) step.primitive.execute(stream_, step.arguments);
    stream_.wait();
  }

  // Returns the difference from the outputs [frames, O] of each utterance, over all utterances that
  // have no padding.
  Difference difference(const Ragged<float>& outputs) const {
    Difference difference;
    Index count = 0;
    for (const Group& group : groups_) {
      const memory& values = group.values.back();
      const Index lanes = static_cast<Index>(group.lanes.size()), width = outputs.cols();
      for (Index n = 0; n < lanes && outputs.length(group.lanes[n]) == group.steps; ++n) {
        const auto wanted = outputs.sequence(group.lanes[n]);
        for (Index t = 0; t < group.steps; ++t)
          for (Index j = 0; j < width; ++j, ++count) {
            const double apart =
                std::abs(value(values, (t * lanes + n) * width + j) - wanted(t, j));
            difference.worst = std::max(difference.worst, apart);
            difference.mean += apart;
          }
      }
    }
    difference.mean /= static_cast<double>(count);
    return difference;
  }

 private:
  using memory = dnnl::memory;
  using type = memory::data_type;

  // A byte is a value times kScale plus kShift; features and outputs are within (-2, 2).
  static constexpr float kScale = 63, kShift = 128;

  float value(const memory& values, Index at) const {
    const void* data = values.get_data_handle();
    return bytes_
               ? (static_cast<float>(static_cast<const std::uint8_t*>(data)[at]) - kShift) / kScale
               : static_cast<const float*>(data)[at];
  }
  void set_value(const memory& values, Index at, float value) const {
    void* data = values.get_data_handle();
    if (bytes_)
      static_cast<std::uint8_t*>(data)[at] = static_cast<std::uint8_t>(
          std::clamp(std::nearbyint(value * kScale + kShift), 0.0F, 255.0F));
    else
      static_cast<float*>(data)[at] = value;
  }

  struct Step {
    dnnl::lstm_forward primitive;
    std::unordered_map<int, memory> arguments;
  };
  struct Group {
    std::vector<Index> lanes;    // utterance of each lane, the longest first
    Index steps;                 // number of steps of the longest utterance
    std::vector<memory> values;  // [T, N, C] before the first layer and after each layer
    std::vector<Step> layers;
  };

  void add_group(const Model& model, const Ragged<float>& features, std::vector<Index> lanes) {
    Group& group = groups_.emplace_back(Group{std::move(lanes), 0, {}, {}});
    group.steps = features.length(group.lanes.front());
    group.values.push_back(sequence(group, features.cols()));
    const Index lanes_here = static_cast<Index>(group.lanes.size()), width = features.cols();
    for (Index n = 0; n < lanes_here; ++n)
      for (Index t = 0; t < group.steps; ++t)
        for (Index i = 0; i < width; ++i)
          set_value(
              group.values[0], (t * lanes_here + n) * width + i,
              t < features.length(group.lanes[n]) ? features.sequence(group.lanes[n])(t, i) : 0.0F);
    for (const Layer& layer : model.layers) add_layer(std::get<RecurrentLayer>(layer), group);
  }

  memory sequence(const Group& group, Index width) const {
    return {{{group.steps, static_cast<Index>(group.lanes.size()), width},
             bytes_ ? type::u8 : type::f32,
             memory::format_tag::tnc},
            engine_};
  }

  void add_layer(const RecurrentLayer& layer, Group& group) {
    using tag = memory::format_tag;
    const Index directions = 2, gates = 4;
    const memory source = group.values.back(), target = sequence(group, layer.outputs());
    group.values.push_back(target);
    const memory::dims ih{1, directions, layer.inputs, gates, layer.cells};
    const memory::dims hh{1, directions, layer.cells, gates, layer.cells};
    const memory::desc bias({1, directions, gates, layer.cells}, type::f32, tag::ldgo), none;
    const type weight_type = bytes_ ? type::s8 : type::f32;
    dnnl::primitive_attr attributes;
    if (bytes_) {
      attributes.set_rnn_data_qparams(kScale, kShift);
      attributes.set_rnn_weights_qparams(0, {127 / largest_weight(layer)});
    }
    const dnnl::lstm_forward::primitive_desc description(
        dnnl::lstm_forward::desc(dnnl::prop_kind::forward_inference,
                                 dnnl::rnn_direction::bidirectional_concat, source.get_desc(), none,
                                 none, {ih, weight_type, tag::any}, {hh, weight_type, tag::any},
                                 bias, target.get_desc(), none, none),
        attributes, engine_);
    // The gates i, f, g, o in rows are oneDNN's i, f, c~, o; weights are [directions, 4, H, C].
    memory bias_values(bias, engine_);
    float* biases = static_cast<float*>(bias_values.get_data_handle());
    for (const RecurrentWeights& weights : layer.weights)
      biases = std::copy_n(weights.bias.data(), weights.bias.size(), biases);
    group.layers.push_back(
        {dnnl::lstm_forward(description),
         {{DNNL_ARG_SRC_LAYER, source},
          {DNNL_ARG_WEIGHTS_LAYER, packed(layer, &RecurrentWeights::weight_ih, ih, attributes,
                                          description.weights_layer_desc())},
          {DNNL_ARG_WEIGHTS_ITER, packed(layer, &RecurrentWeights::weight_hh, hh, attributes,
                                         description.weights_iter_desc())},
          {DNNL_ARG_BIAS, bias_values},
          {DNNL_ARG_DST_LAYER, target}}});
  }

  memory packed(const RecurrentLayer& layer, Matrix<float> RecurrentWeights::*matrix,
                const memory::dims& dims, const dnnl::primitive_attr& attributes,
                const memory::desc& wanted) {
    // The weights pass through ldigo, the only layout from which oneDNN makes bytes.
    memory given({dims, type::f32, memory::format_tag::ldgoi}, engine_),
        turned({dims, type::f32, memory::format_tag::ldigo}, engine_), kept(wanted, engine_);
    float* values = static_cast<float*>(given.get_data_handle());
    for (const RecurrentWeights& weights : layer.weights)
      values = std::copy_n((weights.*matrix).data(), (weights.*matrix).size(), values);
    dnnl::reorder(given, turned).execute(stream_, given, turned);
    dnnl::reorder(turned, kept, attributes).execute(stream_, turned, kept);
    stream_.wait();
    return kept;
  }

  static float largest_weight(const RecurrentLayer& layer) {
    float largest = 0;
    for (const RecurrentWeights& weights : layer.weights)
      for (const auto* matrix : {&weights.weight_ih, &weights.weight_hh})
        for (float weight : matrix->values()) largest = std::max(largest, std::abs(weight));
    return largest;
  }

  const bool bytes_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Group> groups_;
};

}  // namespace edgeval::bench
