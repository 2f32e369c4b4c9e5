// Copies what attention reads of a batch of sentences from the host into device memory.
#pragma once

#include "cuda/translate/attention.hpp"
#include "host/engine/translate/source_attention.hpp"

namespace edgeval::gpu {

class SourceMemory {
 public:
  // Uploads all but W_context h(s) of mlp attention, which the device writes to hidden() before the
  // first step.
  void upload(const DecoderMemory& memory, const Attention& attention, const Arithmetic& arithmetic,
              const Stream& stream);
  SourceView view() const;
  DeviceView<const float> keys() const { return keys_.view(); }
  DeviceView<float> hidden() const { return hidden_.view(); }

 private:
  DeviceMatrix<float> keys_, hidden_;
  DeviceMatrix<std::int32_t> codes_;
  DeviceBuffer<float> score_;
  DeviceBuffer<std::int32_t> score_codes_;
  DeviceBuffer<std::uint32_t> power_, logarithm_;
  DeviceBuffer<TableEntry> sigmoid_, tanh_;
  bool integers_ = false, mlp_ = false;
  int score_bits_ = 0, bits_ = 0, x_bits_ = 0;
};

}  // namespace edgeval::gpu
