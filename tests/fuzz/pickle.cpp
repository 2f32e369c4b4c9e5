// Reads the pickle of a checkpoint. The input becomes data.pkl in a zip with right checksums, which
// has the storages for which the pickle asks, each as long as the pickle says.
#include "host/import/torch/pickle.hpp"

#include <map>

#include "host/import/torch/globals.hpp"
#include "tests/fuzz/imports.hpp"
#include "tests/support/torch_file.hpp"

using namespace edgeval;

namespace {

constexpr std::int64_t kLongest = 1 << 14;  // elements of a storage

std::size_t element_bytes(std::string_view type) {
  for (const char* name : {"Double", "Long", "ComplexFloat"})
    if (type.find(name) != std::string_view::npos) return 8;
  for (const char* name : {"Half", "BFloat16", "Short"})
    if (type.find(name) != std::string_view::npos) return 2;
  for (const char* name : {"Byte", "Char", "Bool", "Untyped"})
    if (type.find(name) != std::string_view::npos) return 1;
  return 4;
}

// Returns the bytes of storages by their keys, for ids such as ("storage", torch.FloatStorage, "0",
// "cpu", 12).
std::map<std::string, std::string> storages_of(const pickle::Pickle& pickle) {
  std::map<std::string, std::string> storages;
  for (const pickle::Value* persistent : pickle.persistent()) {
    const pickle::Value* id = persistent->made_of;
    if (id == nullptr || id->items.size() < 5) continue;
    const std::int64_t count = std::clamp<std::int64_t>(id->items[4]->integer, 0, kLongest);
    const std::size_t size = element_bytes(id->items[1]->text);
    std::string& bytes = storages[std::string(id->items[2]->text.substr(0, 100))];
    bytes.assign(static_cast<std::size_t>(count) * size, '\0');
    for (std::size_t i = size - 1; i < bytes.size(); i += size) bytes[i] = '\x3C';  // not all zero
  }
  return storages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes_of(data, size);
  std::vector<test::ZipMember> members{{"m/data.pkl", std::string(bytes)}};
  const bool is_pickle = fuzz::takes([&] {
    const pickle::Pickle pickle(bytes, "data.pkl", is_plain_global);
    fuzz::expect(pickle.size() <= size, "a pickle ends within its bytes");
    fuzz::expect(!pickle::described(pickle.root()).empty(), "every value has a description");
    for (const auto& [key, storage] : storages_of(pickle))
      members.push_back({"m/data/" + key, storage});
  });
  if (is_pickle) fuzz::import_any(test::zip_file(members));
  return 0;
}
