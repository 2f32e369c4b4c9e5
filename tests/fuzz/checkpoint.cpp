// Reads checkpoints: PyTorch's zip, its older sequence of pickles, and weights in safetensors. When
// the importer knows the network, the network is imported with the template of its description, and
// the reader of model files must take what the importer writes.
#include "host/import/importer.hpp"
#include "host/import/source/stored_zip.hpp"
#include "host/model/safetensors.hpp"
#include "tests/fuzz/imports.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes_of(data, size);
  fuzz::takes([&] {
    std::size_t sum = 0;
    for (const auto& [name, member] : stored_members(bytes, "any.zip"))
      sum += name.size() + member.size();
    fuzz::expect(sum <= size, "members of a zip lie within it");
  });
  fuzz::import_any(bytes);
  return 0;
}
