// Profiles of a small network. One that was read says what formats and ranges it gives, and reads
// the same when it is written again.
#include "eval/policy/profile.hpp"

#include <cmath>

#include "tests/fuzz/small_model.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A profile names the weights it was made of by their hash; that of the seeds is easily written.
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
