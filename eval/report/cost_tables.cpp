#include "eval/report/cost_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

// `dense` has the same layers, run by the dense network.
std::string layer_table(const Activity& activity, const Activity& dense) {
  const auto percent = [](std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "-" : printed("%.1f %%", share(part, whole));
  };
  std::vector<std::vector<std::string>> rows{
      {"layer", "steps skipped", "x changed", "h changed", "MACs executed"}};
  for (std::size_t i = 0; i < activity.layers.size(); ++i) {
    const LayerActivity& layer = activity.layers[i];
    const LayerShape& shape = layer.shape;
    rows.push_back({shape.direction == "none" ? shape.name : shape.name + " " + shape.direction,
                    percent(layer[Count::kStepsSkipped], layer[Count::kSteps]),
                    percent(layer[Count::kInputsChanged], layer[Count::kInputs]),
                    percent(layer[Count::kRecurrentInputsChanged], layer[Count::kRecurrentInputs]),
                    percent(layer.macs_executed(), dense.layers[i][Count::kMacsDense])});
  }
  return table(rows);
}

// Explains the columns, and names what the table leaves out.
std::string energy_notes(std::span<const Pricing> pricings, std::span<const LeftOut> left_out) {
  constexpr const char* kRatio =
      "ratio: energy over dense energy; its range: when every constant of the accelerator takes "
      "any value of its own range. Trust ratios on one accelerator, not joules.";
  const bool of_speech = std::ranges::any_of(
      pricings, [](const Pricing& pricing) { return pricing.audio_seconds > 0; });
  std::string text = paragraph(
      concat(kRatio, of_speech ? " x real time: seconds of audio in a second of its work." : ""),
      0);
  for (const Pricing& p : pricings)
    if (!p.bound.empty())
      text +=
          paragraph(concat(p.accelerator, " is a lower bound here, not a forecast: ", p.bound), 0);
  for (const LeftOut& each : left_out)
    text += paragraph(concat(each.accelerator, " is left out: ", each.reason), 0);
  return text;
}

}  // namespace

std::string si(double value, const char* unit) {
  static constexpr std::array kPrefixes{"p", "n", "u", "m", "", "k", "M", "G", "T", "P"};
  constexpr int kOne = 4;
  int prefix = kOne;
  while (std::abs(value) >= 999.95 && prefix + 1 < static_cast<int>(kPrefixes.size()))
    value /= 1000, ++prefix;
  while (value != 0 && std::abs(value) < 0.99995 && prefix > 0) value *= 1000, --prefix;
  const int decimals = value == 0                 ? 0
                       : std::abs(value) < 9.9995 ? 3
                       : std::abs(value) < 99.995 ? 2
                                                  : 1;
  return printed("%.*f %s%s", decimals, value, kPrefixes[static_cast<std::size_t>(prefix)], unit);
}

std::string work_table(const Activity& activity, Detail detail, const Activity* reference) {
  const Activity all = dense_counts(activity, reference);
  const std::uint64_t dense = all.total(Count::kMacsDense), executed = activity.macs_executed();
  return printed("MACs executed %.1f %%, avoided %.1f %% (%s of %s)\n", share(executed, dense),
                 100 - share(executed, dense), si(static_cast<double>(executed), "MAC").c_str(),
                 si(static_cast<double>(dense), "MAC").c_str()) +
         (detail == Detail::kFull ? layer_table(activity, all) : "");
}

std::string energy_table(std::span<const Pricing> pricings, std::span<const LeftOut> left_out,
                         Detail detail) {
  const bool of_text =
      std::ranges::all_of(pricings, [](const Pricing& p) { return p.audio_seconds == 0; });
  std::vector<std::vector<std::string>> rows{{"accelerator", "energy", "dense energy", "ratio",
                                              "range of ratio", of_text ? "time" : "x real time",
                                              of_text ? "dense time" : "dense x real time"}};
  const auto time = [&](const Pricing& p, const hw::Price& price) {
    return of_text ? si(price.seconds, "s")
                   : printed("%.1f", hw::realtime_speed(price, p.audio_seconds));
  };
  const bool as_trained = std::ranges::all_of(
      pricings, [](const Pricing& p) { return p.as_trained_joules == p.dense.joules; });
  if (!as_trained) rows.front().push_back("weights as trained");
  for (const Pricing& p : pricings) {
    const std::string range = !p.bound.empty() ? "or more"
                              : p.has_range()
                                  ? printed("[%.3f, %.3f]", p.ratio.lowest, p.ratio.highest)
                                  : "n/a";
    rows.push_back({p.accelerator, si(p.price.joules, "J"), si(p.dense.joules, "J"),
                    printed("%.3f", p.ratio.value), range, time(p, p.price), time(p, p.dense)});
    if (!as_trained) rows.back().push_back(si(p.as_trained_joules, "J"));
    if (detail == Detail::kBrief) continue;
    for (std::size_t i = 0; i < p.price.components.size(); ++i)
      rows.push_back({concat("  ", p.price.components[i].component),
                      si(p.price.components[i].joules(), "J"),
                      si(p.dense.components[i].joules(), "J")});
  }
  std::string text = pricings.empty() ? "" : table(rows);
  if (detail == Detail::kFull) text += energy_notes(pricings, left_out);
  return text;
}

}  // namespace edgeval
