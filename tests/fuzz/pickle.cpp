// The pickle of a checkpoint. The input is data.pkl; around it stands a zip whose checksums are
// right, with eight storages of 256 bytes called 0 to 7, so that pickles which name tensors find
// some.
#include "host/model/import/pickle.hpp"
#include "host/model/import/globals.hpp"
#include "tests/fuzz/imports.hpp"
#include "tests/support/torch_file.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes_of(data, size);
  const bool is_pickle = fuzz::takes([&] {
    const pickle::Pickle pickle(bytes, "data.pkl", is_plain_global);
    fuzz::expect(pickle.size() <= size, "a pickle ends within its bytes");
    fuzz::expect(!pickle::described(pickle.root()).empty(), "every value has a description");
  });
  if (!is_pickle) return 0;
  std::vector<test::ZipMember> members{{"m/data.pkl", std::string(bytes)}};
  for (char key = '0'; key < '8'; ++key) {
    std::string storage(256, '\0');
    for (std::size_t i = 3; i < storage.size(); i += 4) storage[i] = '\x3F';  // floats of 0.5
    members.push_back({std::string("m/data/") + key, storage});
  }
  fuzz::import_any(test::zip_file(members));
  return 0;
}
