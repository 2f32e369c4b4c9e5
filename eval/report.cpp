#include "eval/report.hpp"

#include <map>

#include "cuda/engine.hpp"
#include "eval/invocation.hpp"
#include "eval/weights_report.hpp"
#include "eval/work.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// A key "macs.fp32" is fp32 within the object macs.
std::pair<std::string, std::string> parts_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) return {std::string(key), ""};
  return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

// Objects and lists are put in place before anything is put into them, here and wherever JSON is
// written: the library's null that becomes one is left half made when memory runs out.
template <class ValueOf>
void write_counts(ordered_json& json, const ValueOf& value_of) {
  for (std::size_t i = 0; i < kCounts; ++i) {
    const auto [key, inner] = parts_of(kCountInfo[i].key);
    ordered_json& at = inner.empty() ? json : *json.emplace(key, ordered_json::object()).first;
    at[inner.empty() ? key : inner] = value_of(static_cast<Count>(i));
  }
}

std::uint64_t read_count(const Fields& fields, Count count) {
  constexpr Index kMany = Index{1} << 60;  // sums of some of them stay far from overflow
  const auto [key, inner] = parts_of(info(count).key);
  return static_cast<std::uint64_t>(inner.empty() ? fields.integer(key, 0, kMany)
                                                  : fields.object(key).integer(inner, 0, kMany));
}

// What sets the cells apart from plain ones; empty for plain ones.
ordered_json to_json(const CellForm& form) {
  ordered_json json = ordered_json::object();
  if (form.peepholes) json["peepholes"] = true;
  if (form.reset_before) json["reset_before"] = true;
  if (form.unbiased) json["unbiased"] = true;
  if (form.output_tanh) json["output_tanh"] = true;
  if (form.softmax) json["softmax"] = true;
  if (form.projection > 0) json["projection"] = form.projection;
  if (form.window > 1) json["window"] = form.window;
  if (form.hidden > 0) json["hidden"] = form.hidden;
  return json;
}

CellForm form_from_json(const Fields& shape, Index most) {
  CellForm form;
  if (!shape.has("form")) return form;
  const Fields fields = shape.object("form");
  fields.expect_only({"peepholes", "reset_before", "unbiased", "output_tanh", "softmax",
                      "projection", "window", "hidden"});
  const auto flag = [&](const char* key) { return fields.has(key) && fields.boolean(key); };
  form.peepholes = flag("peepholes");
  form.reset_before = flag("reset_before");
  form.unbiased = flag("unbiased");
  form.output_tanh = flag("output_tanh");
  form.softmax = flag("softmax");
  if (fields.has("projection")) form.projection = fields.integer("projection", 1, most);
  if (fields.has("window")) form.window = fields.integer("window", 1, most);
  if (fields.has("hidden")) form.hidden = fields.integer("hidden", 1, most);
  return form;
}

ordered_json to_json(const LayerActivity& layer) {
  const LayerShape& shape = layer.shape;
  ordered_json json{{"name", shape.name},
                    {"direction", shape.direction},
                    {"shape",
                     {{"kind", name(shape.kind)},
                      {"inputs", shape.inputs},
                      {"recurrent", shape.recurrent},
                      {"outputs", shape.outputs},
                      {"gates", shape.gates},
                      {"rectified", shape.rectified},
                      {"weight_bits", shape.weight_bits},
                      {"stored_bits", shape.stored_bits()}}}};
  if (shape.added_bits > 0) json["shape"]["added_bits"] = shape.added_bits;
  if (const ordered_json form = to_json(shape.form); !form.empty()) json["shape"]["form"] = form;
  write_counts(json, [&](Count count) { return layer[count]; });
  return json;
}

// Refuses all but `others` and the keys of the counts.
void expect_counts_and(const Fields& fields, std::vector<std::string> others) {
  std::map<std::string, std::vector<std::string>> inner_keys;
  for (const CountInfo& each : kCountInfo) {
    const auto [key, inner] = parts_of(each.key);
    if (inner.empty())
      others.push_back(key);
    else
      inner_keys[key].push_back(inner);
  }
  for (const auto& [key, inner] : inner_keys) others.push_back(key);
  fields.expect_only(others);
  for (const auto& [key, inner] : inner_keys) fields.object(key).expect_only(inner);
}

LayerShape shape_from_json(const Fields& layer) {
  constexpr Index kMaxWidth = 1 << 24;  // as in a model file
  const Fields shape = layer.object("shape");
  shape.expect_only({"kind", "inputs", "recurrent", "outputs", "gates", "rectified", "weight_bits",
                     "stored_bits", "added_bits", "form"});
  std::vector<std::string> kinds;
  for (LayerKind kind : kLayerKinds) kinds.push_back(name(kind));
  const LayerKind kind = *layer_kind(shape.choice("kind", kinds));
  const Index least_bits =
      kind == LayerKind::kAttention ? 0 : 1;  // one of scalar products stores nothing
  const Index stored_bits = shape.integer("stored_bits", least_bits, Index{1} << 60);
  const Index added_bits =
      shape.has("added_bits") ? shape.integer("added_bits", 0, stored_bits) : 0;
  return {.name = layer.text("name"),
          .direction = layer.choice("direction", {"forward", "backward", "none"}),
          .kind = kind,
          .inputs = shape.integer("inputs", 1, kMaxWidth),
          .recurrent = shape.integer("recurrent", 0, kMaxWidth),
          .outputs = shape.integer("outputs", 1, kMaxWidth),
          .gates = shape.integer("gates", 1, 16),
          .form = form_from_json(shape, kMaxWidth),
          .rectified = shape.boolean("rectified"),
          .weight_bits = shape.integer("weight_bits", 1, 64),
          .compressed_bits = stored_bits - added_bits,
          .added_bits = added_bits};
}

// Reports of schema 1 do not say which of a layer's bits dynamic precision added: one a weight,
// where there are nine.
void find_added_bits(LayerActivity& layer) {
  LayerShape& shape = layer.shape;
  const bool dynamic = layer[Count::kElementsHigh] + layer[Count::kElementsLow] > 0;
  if (!dynamic || shape.added_bits > 0 || shape.compressed_bits != 9 * shape.weights()) return;
  shape.compressed_bits = 8 * shape.weights();
  shape.added_bits = shape.weights();
}

// Steps, changed elements and shape fix most counts; those of the file must be the same.
void expect_consistent(const LayerActivity& layer, const std::string& place) {
  const auto at_most = [&](Count part, Count whole) {
    EDGEVAL_EXPECTS(layer[part] <= layer[whole], place, ": more ", info(part).key, " than ",
                    info(whole).key);
  };
  LayerActivity expected = layer;
  complete_counts(expected);
  for (std::size_t i = 0; i < kCounts; ++i)
    EDGEVAL_EXPECTS(layer.counts[i] == expected.counts[i], place, ": ", kCountInfo[i].key, " is ",
                    layer.counts[i], ", but its steps, changed elements and shape make ",
                    expected.counts[i]);
  at_most(Count::kInputsChanged, Count::kInputs);
  at_most(Count::kInputsZero, Count::kInputs);
  at_most(Count::kRecurrentInputsChanged, Count::kRecurrentInputs);
  at_most(Count::kRecurrentInputsZero, Count::kRecurrentInputs);
  EDGEVAL_EXPECTS(layer[Count::kSteps] == 0 || layer[Count::kSequences] > 0, place,
                  ": has steps, but no sequences");
}

void expect_totals(const Fields& totals, const Activity& activity) {
  expect_counts_and(totals, {});
  for (std::size_t i = 0; i < kCounts; ++i) {
    const auto count = static_cast<Count>(i);
    EDGEVAL_EXPECTS(read_count(totals, count) == activity.total(count), totals.place(), ": ",
                    info(count).key, " is ", read_count(totals, count),
                    ", but the layers' add up to ", activity.total(count));
  }
}

LayerActivity layer_from_json(const nlohmann::json& json, const std::string& place) {
  const Fields fields(json, place);
  expect_counts_and(fields, {"name", "direction", "shape"});
  LayerActivity layer{.shape = shape_from_json(fields)};
  for (std::size_t i = 0; i < kCounts; ++i)
    layer.counts[i] = read_count(fields, static_cast<Count>(i));
  find_added_bits(layer);
  const std::uint64_t steps = layer[Count::kSteps];
  EDGEVAL_EXPECTS(
      steps == layer[Count::kStepsRun] + layer[Count::kStepsSkipped] + layer[Count::kStepsPseudo],
      place, ": steps are not the sum of steps run, skipped and pseudo");
  EDGEVAL_EXPECTS(
      layer[Count::kMacsDense] == steps * static_cast<std::uint64_t>(layer.shape.macs_per_step()),
      place, ": macs_dense are not those of ", steps, " steps of this shape");
  EDGEVAL_EXPECTS(layer.macs_executed() <= layer[Count::kMacsDense], place,
                  ": more macs than macs_dense");
  expect_consistent(layer, place);
  return layer;
}

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

}  // namespace

ordered_json joules_to_json(std::span<const hw::Accelerator> accelerators,
                            const Activity& activity) {
  ordered_json joules = ordered_json::object();
  for (const hw::Accelerator& accelerator : accelerators)
    joules[accelerator.name] = hw::price(accelerator, activity).joules;
  return joules;
}

ordered_json totals_to_json(const Activity& activity) {
  ordered_json totals = ordered_json::object();
  write_counts(totals, [&](Count count) { return activity.total(count); });
  return totals;
}

std::string to_text(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
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

ordered_json to_json(const Activity& activity) {
  ordered_json json{{"layers", ordered_json::array()}};
  for (const LayerActivity& layer : activity.layers) json["layers"].push_back(to_json(layer));
  json["totals"] = totals_to_json(activity);
  return json;
}

Activity activity_from_json(const nlohmann::json& json, const std::string& place) {
  const Fields fields(json, place);
  fields.expect_only({"layers", "totals", "decoder"});
  Activity activity;
  for (const nlohmann::json& layer : fields.array("layers"))
    activity.layers.push_back(
        layer_from_json(layer, concat(place, ".layers[", activity.layers.size(), "]")));
  EDGEVAL_EXPECTS(!activity.layers.empty(), place, ": has no layers");
  expect_totals(fields.object("totals"), activity);
  return activity;
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
  json["quality"] = to_json(run.outcome().quality);
  const Outcome* dense = run.dense();
  if (dense != nullptr) json["dense"] = {{"quality", to_json(dense->quality)}};
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
    json.update(to_json(outcome.quality.alignments[n]));
    json["frames"] = run.evaluation.frames[n];
    json["activity"] = totals_to_json(outcome.activity[n]);
    json["joules"] = joules_to_json(run.accelerators, outcome.activity[n]);
    lines += json.dump() + "\n";
  }
  return lines;
}

}  // namespace edgeval
