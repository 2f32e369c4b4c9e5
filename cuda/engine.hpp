// The GPU engine, seen from plain C++. The build picks engine.cpp, or absent.cpp where there is no
// CUDA toolkit.
#pragma once

#include <memory>

#include "cuda/device/devices.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval::gpu {

// On the device that the options name. Throws Error when it is not there.
std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model,
                                    const EngineOptions& options);

// Where a decoder runs, and what at once; results do not depend on it.
struct DecoderLimits {
  int device = kFirstDevice;
  Index sentences = 1 << 20;  // fewer where the memory is short
  Index spare_rows =
      128;  // that a step is launched for beyond those that the host knows of and a sixteenth
};

// The decoder of translations, likewise. It shows nothing to observers and refuses them.
std::unique_ptr<DecoderEngine> make_decoder_engine(std::shared_ptr<const TranslationModel> model,
                                                   const DecoderLimits& limits = {});

}  // namespace edgeval::gpu
