// Reads profiles of a small network. A profile that was read gives its formats and ranges, and
// stays the same when it is written and read again.
#include "eval/policy/profile.hpp"

#include <cmath>

#include "tests/fuzz/small_model.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A profile names the weights by their hash. This model's hash is easy to write into seeds.
  static const Model model = [] {
    Model small = fuzz::make_small_model();
    small.sha256 = "small";
    return small;
  }();
  const fuzz::File file(fuzz::bytes_of(data, size));
  fuzz::takes([&] {
    const Profile profile = load_profile(file.path(), model);
    for (const LayerProfile& layer : profile.layers) {
      fuzz::expect(std::isfinite(layer.range_min()) || layer.input.elements == 0,
                   "a range has ends");
      fuzz::expect(layer.input_bits(16) >= layer.input_bits(8), "more bits, a finer format");
      static_cast<void>(layer.fraction_bits());
      static_cast<void>(layer.delta_scale());
    }
    const std::string written = to_json(profile).dump();
    const fuzz::File again(written);
    fuzz::expect(to_json(load_profile(again.path(), model)).dump() == written,
                 "a profile that was written reads as it was");
  });
  return 0;
}
