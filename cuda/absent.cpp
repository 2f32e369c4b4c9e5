// Stands in for the GPU engine in a build without the CUDA toolkit.
#include "cuda/engine.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {

bool built_with_cuda() { return false; }

std::vector<Device> devices() { return {}; }

namespace {

[[noreturn]] void refuse() {
  throw Error(
      "this edgeval was built without CUDA; use --device cpu, or install the CUDA toolkit and "
      "build again");
}

}  // namespace

std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model>, const EngineOptions&) {
  refuse();
}

std::unique_ptr<DecoderEngine> make_decoder_engine(std::shared_ptr<const TranslationModel>,
                                                   const DecoderLimits&) {
  refuse();
}

}  // namespace edgeval::gpu
