// Reads descriptions of state dicts (import --describe) with a checkpoint of an LSTM and a linear
// layer.
#include "tests/fuzz/imports.hpp"
#include "tests/fuzz/small_model.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string checkpoint = fuzz::source_file(fuzz::kSmallCheckpoint);
  const fuzz::File description(fuzz::bytes_of(data, size));
  fuzz::takes([&] {
    fuzz::expect_file(import_file({checkpoint, "lstm.pt"}, {"m", description.path().string()}));
  });
  return 0;
}
