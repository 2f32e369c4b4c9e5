#include "eval/report/pricing_json.hpp"

namespace edgeval {

using nlohmann::ordered_json;

ordered_json to_json(const Pricing& pricing) {
  ordered_json json{{"accelerator", pricing.accelerator},
                    {"joules", pricing.price.joules},
                    {"joules_dynamic", pricing.price.dynamic_joules},
                    {"joules_static", pricing.price.static_joules},
                    {"joules_dense", pricing.dense.joules},
                    {"joules_as_trained", pricing.as_trained_joules},
                    {"ratio", pricing.ratio.value},
                    {"ratio_range", nullptr}};
  if (pricing.has_range()) json["ratio_range"] = {pricing.ratio.lowest, pricing.ratio.highest};
  if (!pricing.bound.empty()) json["bound"] = {{"kind", "lower"}, {"reason", pricing.bound}};
  for (const char* key : {"by_component", "by_component_dense"}) json[key] = ordered_json::object();
  for (const hw::ComponentEnergy& component : pricing.price.components)
    json["by_component"][component.component] = component.joules();
  for (const hw::ComponentEnergy& component : pricing.dense.components)
    json["by_component_dense"][component.component] = component.joules();
  json["cycles"] = pricing.price.cycles;
  json["cycles_dense"] = pricing.dense.cycles;
  json["seconds"] = pricing.price.seconds;
  json["seconds_dense"] = pricing.dense.seconds;
  if (pricing.audio_seconds == 0) return json;
  json["realtime_speed"] = hw::realtime_speed(pricing.price, pricing.audio_seconds);
  json["realtime_speed_dense"] = hw::realtime_speed(pricing.dense, pricing.audio_seconds);
  json["rtf"] = pricing.price.seconds / pricing.audio_seconds;
  json["rtf_dense"] = pricing.dense.seconds / pricing.audio_seconds;
  return json;
}

void add_energy(ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out) {
  report["energy"] = ordered_json::array();
  for (const Pricing& pricing : pricings) report["energy"].push_back(to_json(pricing));
  report["energy_left_out"] = ordered_json::object();
  for (const LeftOut& each : left_out) report["energy_left_out"][each.accelerator] = each.reason;
}

}  // namespace edgeval
