#include "eval/report/provenance.hpp"

#include <fstream>
#include <utility>

#include "cuda/device/devices.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

std::vector<std::string>& words() {
  static std::vector<std::string> kept;
  return kept;
}

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;  // says "Clang" itself
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

void remember_invocation(int argc, const char* const* argv) { words().assign(argv, argv + argc); }

Provenance provenance_on(std::string device) {
  return {.version = EDGEVAL_VERSION,
          .build = concat(kCompiler, gpu::built_with_cuda() ? ", with CUDA" : ", without CUDA"),
          .device = std::move(device),
          .invocation = words()};
}

std::string program_hash() {
  try {
    return sha256(read_file("/proc/self/exe"));
  } catch (const Error&) {
    return "";
  }
}

std::string cpu_kind() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      return concat("CPU, ", trimmed(std::string_view(line).substr(line.find(':') + 1)));
  return "CPU";
}

nlohmann::ordered_json to_json(const Provenance& provenance) {
  return {
      {"version", provenance.version}, {"build", provenance.build}, {"device", provenance.device}};
}

}  // namespace edgeval
