#include "eval/price/pricing.hpp"

#include <algorithm>
#include <utility>

#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

// Returns "; run with --set arithmetic.type=..." when the activity has fp32 products, and the
// accelerator prices products of integers only. Else returns an empty text.
std::string cure_of_widths(const hw::Accelerator& accelerator, const Activity& activity) {
  const auto prices = [&](Count count) {
    return std::ranges::any_of(
        accelerator.rules, [&](const hw::EnergyRule& rule) { return rule.work.count == count; });
  };
  if (activity.total(Count::kMacsFp32) == 0 || prices(Count::kMacsFp32)) return "";
  for (const auto& [count, type] :
       {std::pair{Count::kMacs16x16, "int16"}, {Count::kMacs8x8, "int8"}})
    if (prices(count)) return concat("; run with --set arithmetic.type=", type);
  return "";
}

}  // namespace

std::vector<hw::Accelerator> named_accelerators(const std::vector<std::string>& names,
                                                const std::filesystem::path& folder) {
  if (names.empty()) return hw::load_accelerators(folder, kLayerKinds);
  std::vector<hw::Accelerator> accelerators;
  for (const std::string& name : names) {
    hw::Accelerator accelerator = hw::find_accelerator(name, folder, kLayerKinds);
    // The report knows accelerators by their names.
    for (const hw::Accelerator& other : accelerators)
      EDGEVAL_EXPECTS(other.name != accelerator.name, "--hardware ", name,
                      ": an accelerator named ", other.name, " was given before");
    accelerators.push_back(std::move(accelerator));
  }
  return accelerators;
}

ChosenAccelerators choose_accelerators(const std::vector<std::string>& names,
                                       const std::filesystem::path& folder,
                                       const Activity& activity) {
  ChosenAccelerators choice;
  for (hw::Accelerator& accelerator : named_accelerators(names, folder)) {
    const auto reason = hw::cannot_price(accelerator, activity);
    EDGEVAL_EXPECTS(!reason || names.empty(), accelerator.file, ": ", accelerator.name,
                    " cannot price ", reason.value_or(""), cure_of_widths(accelerator, activity));
    if (reason)
      choice.left_out.push_back({accelerator.name, *reason});
    else
      choice.accelerators.push_back(std::move(accelerator));
  }
  return choice;
}

Pricing price_beside_dense(const hw::Accelerator& accelerator, const Activity& activity,
                           double audio_seconds, const Activity* reference) {
  const Activity dense = dense_counts(activity, reference);
  Activity as_trained = dense;
  for (LayerActivity& layer : as_trained.layers) layer.shape.compressed_bits = 0;
  return {accelerator.name,
          hw::price(accelerator, activity),
          hw::price(accelerator, dense),
          hw::ratio_range(accelerator, activity, dense),
          hw::is_lower_bound(accelerator, activity) ? accelerator.lower_bound.reason : "",
          hw::price(accelerator, as_trained).joules,
          audio_seconds};
}

}  // namespace edgeval
