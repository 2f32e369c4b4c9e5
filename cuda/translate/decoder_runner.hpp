// A translation model's decoder on the device at one operating point: one step of R rows, each a
// hypothesis of some sentence, up to the generator's sums (host/engine/translate/decoder.hpp is the
// same on the CPU, and the definition).
#pragma once

#include "cuda/device/stream.hpp"
#include "cuda/translate/beam.hpp"
#include "cuda/translate/source_memory.hpp"
#include "cuda/translate/step_layer.hpp"
#include "host/engine/translate/decoder_counts.hpp"
#include "host/engine/translate/encoder.hpp"

namespace edgeval::gpu {

class DecoderRunner {
 public:
  explicit DecoderRunner(std::shared_ptr<const TranslationModel> model);

  struct Batch {
    EncodedBatch& encoded;  // its keys are taken
    const OperatingPoint& point;
    const std::vector<std::int32_t>& order;  // the sentence of each of the first rows, one each
    Index rows;                              // the most of a step
    Index steps;                             // the most that are made
  };
  // Takes the memory of a batch, or throws OutOfMemory; runs the bridge, and what attention reads.
  void start(const Batch& batch);

  // One step as far as the generator's sums, launched for `rows` rows; does nothing where there are
  // more. attended: as AttentionTask has it.
  void step(Index rows, std::int32_t* attended, Index widest);
  // For what follows the sums.
  VocabularyTask vocabulary();
  const Arithmetic& vocabulary_arithmetic() const { return policy(model_->generator).arithmetic; }
  // Rows := those of their parents (RowView); count: how many there are, in device memory; most: at
  // most.
  void gather(const Index* count, Index most);

  RowView rows() const { return rows_.view(); }
  const Stream& stream() const { return stream_; }
  // What entered the products of each sentence, so far; a synchronization.
  std::vector<Activity> activity() const;
  // As attention reads them, [S, K] of sentence n.
  MatrixView<const float> keys(Index n) const { return memory_.keys.sequence(n); }
  const DecoderCounts& counts() const { return counts_; }

 private:
  static constexpr Index kTotals =
      5;  // of a layer: x changed, x zero, h changed, h zero, selected; [S] each

  std::size_t place(std::size_t layer) const { return layer - model_->network.stack().size(); }
  const LayerPolicy& policy(std::size_t layer) const { return counts_.policy(layer); }
  const DeviceProducts& products(std::size_t layer);
  LayerTotals totals(std::size_t layer) const;
  RecurrentStepTask recurrent_task(std::size_t at);
  LinearStepTask linear_task(std::size_t layer, Index rows);
  LinearStepLayer& linear(std::size_t layer) { return linear_[place(layer)]; }
  StepLaunch launch(Index rows) const;

  void reserve(const Batch& batch);
  void remember();
  std::vector<Matrix<float>> cross_bridge(const std::vector<Matrix<float>>& finals,
                                          std::size_t layer, const Batch& batch);
  void start_layers(const Batch& batch);
  void collect_segments();

  const std::shared_ptr<const TranslationModel> model_;
  DecoderCounts counts_;  // and the point; of none before start()
  Stream stream_;
  CublasLt cublas_;
  std::vector<DeviceLayer> weights_;           // of each of the decoder's layers
  std::vector<RecurrentStepLayer> recurrent_;  // of each of model.decoder
  std::vector<LinearStepLayer>
      linear_;  // of each of the decoder's layers; those that are not linear idle
  DeviceMatrix<float> embedding_;

  Index most_rows_ = 0, sentences_ = 0;
  DecoderMemory memory_;
  SearchRows rows_;
  LaneTable lanes_;  // of positions
  SourceMemory source_;
  DeviceMatrix<float> x_, probe_, both_, feed_, log_probabilities_, bridge_in_, bridge_out_;
  DeviceMatrix<std::int32_t> logits_, codes_;
  DeviceMatrix<std::int64_t> shares_, sums_;
  DeviceBuffer<unsigned long long> totals_;  // [layers, kTotals, S]
  std::vector<RowSegment> segments_;
  DeviceBuffer<RowSegment> segments_on_device_;
  DeviceBuffer<std::byte> scratch_;  // of the segments
};

}  // namespace edgeval::gpu
