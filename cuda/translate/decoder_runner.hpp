// A translation model's decoder on the device at one operating point. It runs steps of R rows, each
// a hypothesis of some sentence, as far as the generator's sums. host/engine/translate/decoder.hpp
// does the same on the CPU and is the definition.
#pragma once

#include "cuda/device/stream.hpp"
#include "cuda/translate/source_memory.hpp"
#include "cuda/translate/step_layer.hpp"
#include "cuda/translate/vocabulary.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/translate/decoder_counts.hpp"
#include "host/engine/translate/encoder.hpp"

namespace edgeval::gpu {

class DecoderRunner {
 public:
  // threads: of the host, at most.
  DecoderRunner(std::shared_ptr<const TranslationModel> model, int threads);

  struct Batch {
    const EncodedBatch& encoded;
    Index first, sentences;  // the sentences [first, first + sentences) of it
    const OperatingPoint& point;
    // The sentence of each of the first rows, one for each, counted from `first`.
    const std::vector<std::int32_t>& order;
    Index rows;   // the most rows of a step
    Index steps;  // the most steps that are made
  };
  // Takes the memory of a batch, or throws OutOfMemory. Runs the bridge and prepares what attention
  // reads.
  void start(const Batch& batch);

  // Launches a step as far as the generator's sums, for `rows` rows; it does nothing where there
  // are more. attended: as in AttentionTask.
  void step(Index rows, std::int32_t* attended, Index widest);
  // Returns what the kernels need that follow the sums.
  VocabularyTask vocabulary();
  const Arithmetic& vocabulary_arithmetic() const { return policy(model_->generator).arithmetic; }
  // Replaces all that is kept of the rows by that of their parents (RowView). count: how many rows
  // there are, in device memory; most: how many there are at most.
  void gather(const Index* count, Index most);

  RowView rows() const { return rows_.view(); }
  const Stream& stream() const { return stream_; }
  // Returns, for each sentence, the counts of what entered products so far. It waits for the
  // stream.
  std::vector<Activity> activity() const;
  // Returns the counts of each sentence's keys, as attention reads them. It waits for the stream.
  std::vector<KeyCounts> keys() const;
  const DecoderCounts& counts() const { return counts_; }

 private:
  // Totals of a layer, [S] each: x changed, x zero, h changed, h zero, selected.
  static constexpr Index kTotals = 5;

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
  DecoderCounts counts_;  // holds the point, which is empty before start()
  BulkCopies copies_;     // outlives the stream that reads its memory
  Stream stream_;
  CublasLt cublas_;
  std::vector<DeviceLayer> weights_;           // of each of the decoder's layers
  std::vector<RecurrentStepLayer> recurrent_;  // one for each entry of model.decoder
  // One for each of the decoder's layers; those of layers that are not linear stay unused.
  std::vector<LinearStepLayer> linear_;
  DeviceMatrix<float> embedding_;

  Index most_rows_ = 0, sentences_ = 0;
  std::vector<Index> offsets_;  // [S + 1] number of source positions before each sentence
  SearchRows rows_;
  LaneTable lanes_;  // the sentences as lanes of source positions
  SourceMemory source_;
  DeviceMatrix<float> x_, probe_, both_, feed_, bridge_in_, bridge_out_;
  DeviceMatrix<std::int32_t> codes_;
  DeviceMatrix<std::int64_t> shares_;
  DeviceBuffer<unsigned long long> totals_;  // [layers, kTotals, S]
  std::vector<RowSegment> segments_;
  DeviceBuffer<RowSegment> segments_on_device_;
  DeviceBuffer<std::byte> scratch_;  // of the segments
};

}  // namespace edgeval::gpu
