// Reads model files of speech and of translation: safetensors with edgeval's metadata. The weights
// of a model that was read are counted, and must have room in the file.
#include <cstring>

#include "eval/report/model_count.hpp"
#include "host/model/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

namespace {

std::uint64_t header_length(const std::uint8_t* data, std::size_t size) {
  std::uint64_t length = 0;
  if (size >= sizeof length) std::memcpy(&length, data, sizeof length);
  return length;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes_of(data, size);
  const fuzz::File file(bytes);
  fuzz::takes([&] {
    const Safetensors tensors(bytes, "any.safetensors", Safetensors::Contents::kAny);
    std::size_t sum = 0;
    for (const Safetensors::Entry& entry : tensors.entries()) sum += entry.bytes.size();
    fuzz::expect(sum <= size, "tensors lie within the file");
  });
  fuzz::takes([&] {
    const AnyModel model = load_any_model(file.path());
    const bool speech = std::holds_alternative<std::shared_ptr<const Model>>(model);
    const ModelCount count = count_model(model, 3, speech ? 0 : 2);
    // Two bytes are the least that a value takes.
    fuzz::expect(count.weights() + count.biases() <= size / 2, "weights lie within the file");
  });
  return 0;
}

// Changes the header or the data alone, and adapts the length in front. Otherwise nearly all
// changed headers would be refused for their length.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  constexpr std::size_t kLength = sizeof(std::uint64_t);
  const std::uint64_t length = header_length(data, size);
  if (seed % 4 == 0 || size < kLength || length > size - kLength || most <= kLength + size)
    return LLVMFuzzerMutate(data, size, most);
  const std::string rest(reinterpret_cast<char*>(data) + kLength + length, size - kLength - length);
  if (seed % 4 == 1 && !rest.empty()) {  // as many bytes as before, which the offsets cover
    std::uint8_t* tensors = data + kLength + length;
    if (LLVMFuzzerMutate(tensors, rest.size(), rest.size()) < rest.size())
      std::memcpy(tensors, rest.data(), rest.size() / 2);
    return size;
  }
  const std::uint64_t changed =
      LLVMFuzzerMutate(data + kLength, length, most - kLength - rest.size());
  std::memcpy(data, &changed, kLength);
  std::memcpy(data + kLength + changed, rest.data(), rest.size());
  return kLength + changed + rest.size();
}
