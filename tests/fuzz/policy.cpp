// Reads policies: a YAML file, and after the byte 0x1E the words of --set, one on each line. A
// policy that was read is resolved for a small network and written out.
#include "eval/policy/policy.hpp"

#include "host/core/text.hpp"
#include "tests/fuzz/small_model.hpp"

using namespace edgeval;

namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 8) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::bytes_of(data, size);
  const std::size_t middle = std::min(input.find('\x1E'), input.size());
  const fuzz::File file(input.substr(0, middle));
  const std::vector<std::string> settings =
      lines_of(input.substr(std::min(middle + 1, input.size())));
  fuzz::takes([&] {
    const Policy policy = load_policy(file.path(), settings);
    const Beam beam = resolve_beam(policy, nullptr);
    const OperatingPoint point = resolve(policy, fuzz::small_model(), nullptr);
    const nlohmann::ordered_json json = to_json(policy, fuzz::small_model(), point, &beam);
    fuzz::expect(!json.dump().empty(), "a policy can be written");
    fuzz::expect(!describe(fuzz::small_model(), point, &beam).empty(), "a policy has a wording");
  });
  return 0;
}
