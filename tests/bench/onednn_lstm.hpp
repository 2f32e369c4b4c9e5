// The peer: a stack of bidirectional LSTM layers through oneDNN's f32 LSTM primitive, on batches of
// utterances sorted by length and padded to the longest of each batch, which is how it is commonly
// used. oneDNN knows no lengths, so the backward direction of a padded utterance starts in the
// padding; only unpadded utterances have the network's outputs. A user who needs all of them also
// pays for reversing, which is not charged here. Building and packing are not timed.
#pragma once

#include <algorithm>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "host/model/graph.hpp"

namespace edgeval::bench {

class OneDnnStack {
 public:
  // features: [frames, C] of each utterance; every layer of the model is a bidirectional LSTM.
  OneDnnStack(const Model& model, const Ragged<float>& features, Index batch)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
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

  // Greatest difference from outputs [frames, O] of each utterance, over the utterances without
  // padding.
  double worst_difference(const Ragged<float>& outputs) const {
    double worst = 0;
    for (const Group& group : groups_) {
      const float* got = static_cast<const float*>(group.values.back().get_data_handle());
      const Index lanes = static_cast<Index>(group.lanes.size()), width = outputs.cols();
      for (Index n = 0; n < lanes && outputs.length(group.lanes[n]) == group.steps; ++n) {
        const auto wanted = outputs.sequence(group.lanes[n]);
        for (Index t = 0; t < group.steps; ++t)
          for (Index j = 0; j < width; ++j)
            worst = std::max(worst, static_cast<double>(
                                        std::abs(got[(t * lanes + n) * width + j] - wanted(t, j))));
      }
    }
    return worst;
  }

 private:
  using memory = dnnl::memory;

  struct Step {
    dnnl::lstm_forward primitive;
    std::unordered_map<int, memory> arguments;
  };
  struct Group {
    std::vector<Index> lanes;    // longest first
    Index steps;                 // of the longest
    std::vector<memory> values;  // [T, N, C] before the first layer and after each
    std::vector<Step> layers;
  };

  void add_group(const Model& model, const Ragged<float>& features, std::vector<Index> lanes) {
    Group& group = groups_.emplace_back(Group{std::move(lanes), 0, {}, {}});
    group.steps = features.length(group.lanes.front());
    group.values.push_back(sequence(group, features.cols()));
    float* padded = static_cast<float*>(group.values[0].get_data_handle());
    std::fill_n(padded, group.steps * static_cast<Index>(group.lanes.size()) * features.cols(),
                0.0F);
    for (std::size_t n = 0; n < group.lanes.size(); ++n)
      for (Index t = 0; t < features.length(group.lanes[n]); ++t)
        std::copy_n(features.sequence(group.lanes[n]).row(t), features.cols(),
                    padded + (t * static_cast<Index>(group.lanes.size()) + static_cast<Index>(n)) *
                                 features.cols());
    for (const Layer& layer : model.layers) add_layer(std::get<RecurrentLayer>(layer), group);
  }

  memory sequence(const Group& group, Index width) const {
    return {{{group.steps, static_cast<Index>(group.lanes.size()), width},
             memory::data_type::f32,
             memory::format_tag::tnc},
            engine_};
  }

  void add_layer(const RecurrentLayer& layer, Group& group) {
    using tag = memory::format_tag;
    constexpr auto f32 = memory::data_type::f32;
    const Index directions = 2, gates = 4;
    const memory source = group.values.back(), target = sequence(group, layer.outputs());
    group.values.push_back(target);
    const memory::dims ih{1, directions, layer.inputs, gates, layer.cells};
    const memory::dims hh{1, directions, layer.cells, gates, layer.cells};
    const memory::desc bias({1, directions, gates, layer.cells}, f32, tag::ldgo), none;
    const dnnl::lstm_forward::primitive_desc description(
        dnnl::lstm_forward::desc(dnnl::prop_kind::forward_inference,
                                 dnnl::rnn_direction::bidirectional_concat, source.get_desc(), none,
                                 none, {ih, f32, tag::any}, {hh, f32, tag::any}, bias,
                                 target.get_desc(), none, none),
        engine_);
    // Gates i, f, g, o in rows are oneDNN's i, f, c~, o: [directions, 4, H, C].
    memory bias_values(bias, engine_);
    float* biases = static_cast<float*>(bias_values.get_data_handle());
    for (const RecurrentWeights& weights : layer.weights)
      biases = std::copy_n(weights.bias.data(), weights.bias.size(), biases);
    group.layers.push_back({dnnl::lstm_forward(description),
                            {{DNNL_ARG_SRC_LAYER, source},
                             {DNNL_ARG_WEIGHTS_LAYER, packed(layer, &RecurrentWeights::weight_ih, ih,
                                                             description.weights_layer_desc())},
                             {DNNL_ARG_WEIGHTS_ITER, packed(layer, &RecurrentWeights::weight_hh, hh,
                                                            description.weights_iter_desc())},
                             {DNNL_ARG_BIAS, bias_values},
                             {DNNL_ARG_DST_LAYER, target}}});
  }

  memory packed(const RecurrentLayer& layer, Matrix<float> RecurrentWeights::*matrix,
                const memory::dims& dims, const memory::desc& wanted) {
    memory given({dims, memory::data_type::f32, memory::format_tag::ldgoi}, engine_),
        kept(wanted, engine_);
    float* values = static_cast<float*>(given.get_data_handle());
    for (const RecurrentWeights& weights : layer.weights)
      values = std::copy_n((weights.*matrix).data(), (weights.*matrix).size(), values);
    dnnl::reorder(given, kept).execute(stream_, given, kept);
    stream_.wait();
    return kept;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Group> groups_;
};

}  // namespace edgeval::bench
