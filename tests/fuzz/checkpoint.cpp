// Checkpoints as they lie on disk: PyTorch's zip and its older row of pickles, weights in
// safetensors. Of a network that import knows, the template of a description is made and the
// import done with it; what import writes, the reader of model files must know.
#include "host/import/importer.hpp"
#include "host/import/stored_zip.hpp"
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
