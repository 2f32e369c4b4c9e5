#include "eval/report/provenance.hpp"

#include "cuda/device/devices.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

std::vector<std::string>& words() {
  static std::vector<std::string> kept;
  return kept;
}

}  // namespace

nlohmann::ordered_json build_info(const std::string& device) {
  return {{"version", EDGEVAL_VERSION},
          {"build",
           concat("g++ ", __VERSION__, gpu::built_with_cuda() ? ", with CUDA" : ", without CUDA")},
          {"device", device}};
}

void remember_invocation(int argc, const char* const* argv) { words().assign(argv, argv + argc); }

const std::vector<std::string>& invocation() { return words(); }

}  // namespace edgeval
