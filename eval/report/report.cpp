#include "eval/report/report.hpp"

#include "cuda/engine.hpp"
#include "eval/price/work.hpp"
#include "eval/report/invocation.hpp"
#include "eval/report/weights_report.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

ordered_json timing_to_json(const Run& run) {
  const double seconds = run.evaluation.total_seconds;
  const auto rate = [&](double amount) { return seconds > 0 ? amount / seconds : 0; };
  ordered_json timing{{"seconds", seconds},
                      {"seconds_features", run.evaluation.feature_seconds},
                      {"seconds_engine", run.outcome().seconds}};
  if (run.dense() != nullptr) timing["seconds_dense_reference"] = run.dense()->seconds;
  timing["utterances_per_second"] = rate(static_cast<double>(run.set.utterances.size()));
  timing["realtime_speed"] = rate(run.evaluation.audio_seconds());
  timing["rtf"] = nullptr;
  if (run.evaluation.audio_seconds() > 0) timing["rtf"] = seconds / run.evaluation.audio_seconds();
  return timing;
}

ordered_json quality_to_json(const Outcome& outcome) {
  ordered_json json = ordered_json::object();
  for (const Metric& metric : outcome.metrics) json[metric.name] = to_json(metric);
  json["empty_references"] = empty_references(outcome.alignments);
  return json;
}

}  // namespace

ordered_json joules_to_json(std::span<const hw::Accelerator> accelerators,
                            const Activity& activity) {
  ordered_json joules = ordered_json::object();
  for (const hw::Accelerator& accelerator : accelerators)
    joules[accelerator.name] = hw::price(accelerator, activity).joules;
  return joules;
}

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

ordered_json build_info(const std::string& device) {
  return {{"version", EDGEVAL_VERSION},
          {"build",
           concat("g++ ", __VERSION__, gpu::built_with_cuda() ? ", with CUDA" : ", without CUDA")},
          {"device", device}};
}

ordered_json report_head(const Model& model, const std::string& device) {
  return {{"schema", 2},
          {"run", ""},
          {"files", ordered_json::object()},
          {"edgeval", build_info(device)},
          {"model", {{"path", model.path}, {"sha256", model.sha256}, {"name", model.name}}}};
}

void add_work(ordered_json& report, const Activity& total, const OperatingPoint& point,
              const Activity* dense, std::span<const MatrixReport> weights,
              std::span<const Pricing> pricings, std::span<const LeftOut> left_out) {
  report["weights"] = weights_to_json(weights);
  report["activity"] = to_json(total);
  report["work"] = work_to_json(total, point, dense);
  add_energy(report, pricings, left_out);
}

void add_energy(ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out) {
  report["energy"] = ordered_json::array();
  for (const Pricing& pricing : pricings) report["energy"].push_back(to_json(pricing));
  report["energy_left_out"] = ordered_json::object();
  for (const LeftOut& each : left_out) report["energy_left_out"][each.accelerator] = each.reason;
}

ordered_json report_to_json(const Run& run, std::span<const Pricing> pricings) {
  ordered_json json = report_head(run.model, run.device);
  json["data"] = {{"path", run.data_path},
                  {"layout", run.set.layout},
                  {"split", run.set.split},
                  {"sha256", run.data_sha256},
                  {"utterances", run.set.utterances.size()},
                  {"frames", run.evaluation.total_frames()},
                  {"seconds", run.evaluation.audio_seconds()}};
  json["policy"] = to_json(run.policy, run.model, run.point);
  json["scoring"] = {{"case", case_name(run.text)}, {"normalize", normal_form_name(run.text)}};
  json["quality"] = quality_to_json(run.outcome());
  const Outcome* dense = run.dense();
  if (dense != nullptr) json["dense"] = {{"quality", quality_to_json(*dense)}};
  add_work(json, run.outcome().total, run.point, dense == nullptr ? nullptr : &dense->total,
           run.weights, pricings, run.left_out);
  json["warnings"] = run.warnings;
  json["invocation"] = invocation();
  json["timing"] = timing_to_json(run);
  return json;
}

std::string utterances_to_jsonl(const Run& run) {
  std::string lines;
  const Outcome& outcome = run.outcome();
  for (std::size_t n = 0; n < run.set.utterances.size(); ++n) {
    const data::Utterance& utterance = run.set.utterances[n];
    ordered_json json{{"id", utterance.id},
                      {"reference", run.evaluation.references[n]},
                      {"hypothesis", outcome.hypotheses[n]}};
    json.update(to_json(outcome.alignments[n]));
    json["frames"] = run.evaluation.frames[n];
    json["activity"] = totals_to_json(outcome.activity[n]);
    json["joules"] = joules_to_json(run.accelerators, outcome.activity[n]);
    lines += json.dump() + "\n";
  }
  return lines;
}

}  // namespace edgeval
