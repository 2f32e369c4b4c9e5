// Reads accelerators, YAML files with expressions. An accelerator that was read prices a small
// activity: joules and cycles are numbers, none below zero, and the range of a ratio holds its
// value.
#include "hwmodel/accelerator.hpp"

#include <cmath>

#include "host/layer/kinds.hpp"
#include "hwmodel/pricing.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

namespace {

// Returns the activity of an LSTM that skips 40 of 100 steps, and of a linear layer.
Activity small_activity() {
  LayerShape lstm{.name = "lstm1",
                  .direction = "forward",
                  .kind = kLstm,
                  .inputs = 40,
                  .recurrent = 32,
                  .outputs = 32,
                  .gates = 4};
  LayerActivity layer{.shape = lstm};
  layer[Count::kSequences] = 2;
  layer[Count::kSteps] = 100;
  layer[Count::kStepsRun] = 60;
  layer[Count::kStepsSkipped] = 40;
  layer[Count::kInputsChanged] = 60 * 40;
  layer[Count::kRecurrentInputsChanged] = 60 * 32;
  complete_counts(layer);
  const LayerShape linear{.name = "output", .kind = kLinear, .inputs = 32, .outputs = 29};
  return {{layer, dense_counts(linear, 2, 100)}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Activity activity = small_activity();
  static const Activity dense = dense_counts(activity);
  const fuzz::File file(fuzz::bytes_of(data, size));
  fuzz::takes([&] {
    const hw::Accelerator accelerator = hw::load_accelerator(file.path(), kLayerKinds);
    const hw::Price price = hw::price(accelerator, activity);
    fuzz::expect(std::isfinite(price.joules) && price.joules >= 0, "joules are a number");
    fuzz::expect(std::isfinite(price.cycles) && price.cycles >= 0, "cycles are a number");
    const hw::RatioRange ratio = hw::ratio_range(accelerator, activity, dense);
    const double slack = 1e-9 * ratio.value;
    fuzz::expect(ratio.lowest <= ratio.value + slack && ratio.value <= ratio.highest + slack,
                 "a ratio lies within its range");
  });
  return 0;
}
