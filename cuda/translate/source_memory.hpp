// What attention reads of a batch of sentences, made on the device from the encoder's outputs.
#pragma once

#include "cuda/device/bulk.hpp"
#include "cuda/kernel/softmax_tables.hpp"
#include "cuda/translate/attention.hpp"
#include "host/engine/translate/source_attention.hpp"

namespace edgeval::gpu {

class SourceMemory {
 public:
  // Makes all of the keys, [positions, K] of all sentences, but W_context h(s) of mlp attention,
  // which the device writes to hidden() before the first step. Throws Error when a sentence is too
  // long for integers. `copies` must outlive what the stream is given.
  void upload(MatrixView<const float> keys, const Lanes& sentences, const Attention& attention,
              const Arithmetic& arithmetic, BulkCopies& copies, const Stream& stream);
  SourceView view() const;
  DeviceView<const float> keys() const { return keys_.view(); }
  DeviceView<float> hidden() const { return hidden_.view(); }
  // Returns how many of each sentence's keys are 0. It waits for the stream.
  std::vector<unsigned long long> zeros(Index sentences, const Stream& stream) const;

 private:
  DeviceMatrix<float> keys_, hidden_;
  DeviceMatrix<std::int16_t> codes_;
  DeviceBuffer<unsigned long long> zeros_;  // [S]
  DeviceBuffer<float> score_;
  DeviceBuffer<std::int32_t> score_codes_;
  DeviceSoftmaxTables softmax_;
  DeviceBuffer<TableEntry> sigmoid_, tanh_;
  bool integers_ = false, mlp_ = false;
  int score_bits_ = 0, bits_ = 0, x_bits_ = 0;
};

}  // namespace edgeval::gpu
