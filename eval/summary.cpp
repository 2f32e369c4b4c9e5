#include "eval/summary.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace edgeval {
namespace {

template <class... Values>
std::string print(const char* format, Values... values) {
  const int length = std::snprintf(nullptr, 0, format, values...);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::snprintf(text.data(), text.size() + 1, format, values...);
  return text;
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string with_interval(const std::optional<double>& value, const std::optional<Interval>& interval) {
  if (!value) return "none (no reference words)";
  std::string text = print("%6.2f %%", *value);
  if (interval) text += print("  [%.2f, %.2f]", interval->low, interval->high);
  return text;
}

std::string against_dense(const std::optional<double>& value, const std::optional<double>& dense) {
  return value && dense ? print("  (%+.2f against dense)", *value - *dense) : "";
}

std::string quality_lines(const Run& run) {
  const Quality& quality = run.outcome().quality;
  const Quality* dense = run.dense() != nullptr ? &run.dense()->quality : nullptr;
  const auto line = [&](const char* title, const auto& rate, const auto* reference) {
    return print("%-5s", title) + with_interval(rate.value, rate.ci95) +
           (reference != nullptr ? against_dense(rate.value, reference->value) : "");
  };
  const EditCounts& words = quality.words.counts;
  std::string text = line("WER", quality.words, dense ? &dense->words : nullptr);
  text += print("  %llu errors (%llu sub, %llu del, %llu ins) of %llu words\n",
                static_cast<unsigned long long>(words.errors()), static_cast<unsigned long long>(words.substitutions),
                static_cast<unsigned long long>(words.deletions), static_cast<unsigned long long>(words.insertions),
                static_cast<unsigned long long>(words.reference));
  text += line("CER", quality.characters, dense ? &dense->characters : nullptr) + "\n";
  text += line("SER", quality.sentences, dense ? &dense->sentences : nullptr) + "\n";
  return text;
}

std::string layer_lines(const Activity& activity) {
  std::string text = print("%-22s %13s %15s %15s %13s\n", "layer", "steps skipped", "x changed", "h changed",
                           "MACs executed");
  for (const LayerActivity& layer : activity.layers) {
    const LayerShape& shape = layer.shape;
    const std::string name = shape.direction == "none" ? shape.name : shape.name + " " + shape.direction;
    const std::string recurrent =
        shape.recurrent == 0
            ? "-"
            : print("%.1f %%", share(layer[Count::kRecurrentInputsChanged], layer[Count::kRecurrentInputs]));
    text += print("%-22s %11.1f %% %13.1f %% %15s %11.1f %%\n", name.c_str(),
                  share(layer[Count::kStepsSkipped], layer[Count::kSteps]),
                  share(layer[Count::kInputsChanged], layer[Count::kInputs]), recurrent.c_str(),
                  share(layer.macs_executed(), layer[Count::kMacsDense]));
  }
  return text;
}

}  // namespace

std::string si(double value, const char* unit) {
  static constexpr std::array kPrefixes{"p", "n", "u", "m", "", "k", "M", "G", "T", "P"};
  constexpr int kOne = 4;
  int prefix = kOne;
  while (std::abs(value) >= 999.95 && prefix + 1 < static_cast<int>(kPrefixes.size())) value /= 1000, ++prefix;
  while (value != 0 && std::abs(value) < 0.99995 && prefix > 0) value *= 1000, --prefix;
  return print("%.4g %s%s", value, kPrefixes[static_cast<std::size_t>(prefix)], unit);
}

std::string energy_table(std::span<const Pricing> pricings) {
  std::string text = print("%-22s %12s %12s %8s %14s %14s\n", "accelerator", "energy", "dense", "ratio", "x real time",
                           "dense x r.t.");
  for (const Pricing& p : pricings) {
    text += print("%-22s %12s %12s %8.3f %14.1f %14.1f\n", p.accelerator.c_str(), si(p.price.joules, "J").c_str(),
                  si(p.dense.joules, "J").c_str(), p.ratio.value, hw::realtime_factor(p.price, p.audio_seconds),
                  hw::realtime_factor(p.dense, p.audio_seconds));
    for (std::size_t i = 0; i < p.price.components.size(); ++i)
      text += print("  %-20s %12s %12s\n", p.price.components[i].component.c_str(),
                    si(p.price.components[i].joules(), "J").c_str(), si(p.dense.components[i].joules(), "J").c_str());
  }
  return text;
}

std::string summary(const Run& run, std::span<const Pricing> pricings) {
  const Evaluation& evaluation = run.evaluation;
  const Activity& activity = run.outcome().total;
  std::string text = print("%s on %s%s%s: %zu utterances, %.1f min of audio; %s\n", run.model.name.c_str(),
                           run.data_path.c_str(), run.set.split.empty() ? "" : ", ", run.set.split.c_str(),
                           run.set.utterances.size(), evaluation.audio_seconds() / 60, run.device.c_str());
  text += "policy: " + describe(run.point) + "\n\n";
  text += quality_lines(run);
  const std::uint64_t dense = activity.total(Count::kMacsDense), executed = activity.macs_executed();
  text += print("\nMACs executed %.1f %%, avoided %.1f %% (%s of %s)\n", share(executed, dense),
                share(dense - executed, dense), si(static_cast<double>(executed), "MAC").c_str(),
                si(static_cast<double>(dense), "MAC").c_str());
  text += layer_lines(activity);
  if (!pricings.empty()) text += "\n" + energy_table(pricings);
  text += print("\n%.2f s: %.1f utterances/s, %.0f times real time\n", evaluation.total_seconds,
                static_cast<double>(run.set.utterances.size()) / evaluation.total_seconds,
                evaluation.audio_seconds() / evaluation.total_seconds);
  return text;
}

}  // namespace edgeval
