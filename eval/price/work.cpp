#include "eval/price/work.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/core/json.hpp"

namespace edgeval {
namespace {

struct WordCount {
  std::uint64_t bits;
  Count words;
};
constexpr WordCount kWordCounts[] = {{32, Count::kWeightWords32}, {16, Count::kWeightWords16},
                                     {8, Count::kWeightWords8},   {5, Count::kWeightWords5},
                                     {4, Count::kWeightWords4},   {1, Count::kWeightWords1}};

using nlohmann::ordered_json;

ordered_json norm_to_json(const Activity& activity) { return or_null(macs_norm16(activity)); }

// Whether every element of an evaluated step enters a product.
bool takes_all_elements(const OperatingPoint& point) {
  return std::ranges::all_of(point.layers, [](const LayerPolicy& layer) {
    return is_neutral(layer.operand) && pseudo_skip(layer) == nullptr;
  });
}

}  // namespace

std::optional<double> macs_norm16(const Activity& activity) {
  const std::uint64_t macs16 = activity.total(Count::kMacs16x16),
                      macs8 = activity.total(Count::kMacs8x8);
  if (macs16 + macs8 != activity.macs_executed()) return std::nullopt;
  return static_cast<double>(macs16) + static_cast<double>(macs8) / 3;
}

std::uint64_t weight_bits_fetched(const Activity& activity) {
  std::uint64_t bits = 0;
  for (const WordCount& each : kWordCounts) bits += each.bits * activity.total(each.words);
  return bits;
}

std::uint64_t macs_of_nonzeros(const Activity& activity) {
  std::uint64_t macs = 0;
  for (const LayerActivity& layer : activity.layers) {
    const LayerShape& shape = layer.shape;
    const std::uint64_t elements =
        layer[Count::kInputsChanged] + layer[Count::kRecurrentInputsChanged];
    const std::uint64_t zeros = layer[Count::kInputsZero] + layer[Count::kRecurrentInputsZero];
    macs += layer.macs_executed() -
            static_cast<std::uint64_t>(shape.macs_of_element()) * std::min(zeros, elements);
  }
  return macs;
}

ordered_json work_to_json(const Activity& activity, const OperatingPoint& point,
                          const Activity* dense) {
  const Activity all = dense_counts(activity, dense);
  ordered_json nonzeros{{"policy", nullptr}, {"dense", nullptr}};
  if (takes_all_elements(point)) nonzeros["policy"] = macs_of_nonzeros(activity);
  if (dense != nullptr) nonzeros["dense"] = macs_of_nonzeros(*dense);
  return {{"macs", {{"policy", activity.macs_executed()}, {"dense", all.macs_executed()}}},
          {"macs_of_nonzeros", nonzeros},
          {"macs_norm16", {{"policy", norm_to_json(activity)}, {"dense", norm_to_json(all)}}},
          {"weight_bits_fetched",
           {{"policy", weight_bits_fetched(activity)}, {"dense", weight_bits_fetched(all)}}}};
}

}  // namespace edgeval
