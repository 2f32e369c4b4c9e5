// Reads texts to translate, compressed with gzip or not. At most one mebibyte is unpacked.
#include "datasets/text/text_set.hpp"
#include "datasets/text/unpacked.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  const fuzz::File file(fuzz::bytes_of(data, size));
  const bool is_small = fuzz::takes([&] {
    const std::string text = data::read_unpacked(file.path(), Pipes::kRefused, kLargest);
    fuzz::expect(text.size() <= kLargest, "no more is unpacked than allowed");
  });
  if (!is_small) return 0;
  fuzz::takes([&] {
    const data::TextSet set = data::open_text_set(file.path(), {file.path()});
    fuzz::expect(set.references.size() == 1 && set.references[0] == set.sources,
                 "a file beside itself has the same lines");
  });
  return 0;
}
