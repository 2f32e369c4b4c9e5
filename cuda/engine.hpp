// The GPU engine, seen from plain C++. The build picks engine.cpp, or absent.cpp where there is no
// CUDA toolkit.
#pragma once

#include <memory>

#include "cuda/device/devices.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval::gpu {

// Returns an engine on the devices that the options name, among which it shares the utterances of a
// batch. Throws Error when a device is not there or has no memory left. With several devices it
// refuses observers.
std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model,
                                    const EngineOptions& options);

// The devices of a decoder, and how much runs on each at once; results do not depend on these.
struct DecoderLimits {
  Gpus gpus = {};
  int threads = 0;            // of the host, at most; 0: all of the machine
  Index sentences = 1 << 20;  // at most so many at once; fewer where memory is short
  // A step is launched for so many rows more than the host knows of and a sixteenth of these.
  Index spare_rows = 128;
};

// Returns the decoder of translations, which shares the sentences of a batch among devices. Throws
// Error when a device is not there. The decoder shows nothing to observers and refuses them.
std::unique_ptr<DecoderEngine> make_decoder_engine(std::shared_ptr<const TranslationModel> model,
                                                   const DecoderLimits& limits = {});

}  // namespace edgeval::gpu
