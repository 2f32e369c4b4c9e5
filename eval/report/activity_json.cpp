#include "eval/report/activity_json.hpp"

#include <map>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// Splits a key: "macs.fp32" is the key fp32 in the object macs.
std::pair<std::string, std::string> parts_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) return {std::string(key), ""};
  return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

// Writes every count under its key. Here and wherever JSON is written, an object or list is put in
// place before anything is put into it: where the library turns a null into an object by itself, it
// leaves it half made when memory runs out.
template <class ValueOf>
void write_counts(ordered_json& json, const ValueOf& value_of) {
  for (std::size_t i = 0; i < kCounts; ++i) {
    const auto [key, inner] = parts_of(kCountInfo[i].key);
    ordered_json& at = inner.empty() ? json : *json.emplace(key, ordered_json::object()).first;
    at[inner.empty() ? key : inner] = value_of(static_cast<Count>(i));
  }
}

std::uint64_t read_count(const Fields& fields, Count count) {
  constexpr Index kMany = Index{1} << 60;  // so large that sums of a few counts do not overflow
  const auto [key, inner] = parts_of(info(count).key);
  return static_cast<std::uint64_t>(inner.empty() ? fields.integer(key, 0, kMany)
                                                  : fields.object(key).integer(inner, 0, kMany));
}

// Returns the options of the cells that differ from those of plain cells.
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
  ordered_json json{
      {"name", shape.name}, {"direction", shape.direction}, {"shape", edgeval::to_json(shape)}};
  write_counts(json, [&](Count count) { return layer[count]; });
  return json;
}

// Throws Error when there is a key other than those of the counts and those in `others`.
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
  constexpr Index kMaxWidth = 1 << 24;  // the limit of model files
  const Fields shape = layer.object("shape");
  shape.expect_only({"kind", "inputs", "recurrent", "outputs", "gates", "rectified", "weight_bits",
                     "stored_bits", "added_bits", "form"});
  std::vector<std::string> kinds;
  for (LayerKind kind : kLayerKinds) kinds.push_back(name(kind));
  const LayerKind kind = *layer_kind(shape.choice("kind", kinds), kLayerKinds);
  // An attention by scalar products has no weights to store.
  const Index least_bits = kind.facts().attends ? 0 : 1;
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

// Fills in added_bits, which reports of schema 1 do not have. Dynamic precision added one bit for
// each weight where a layer's weights have nine bits each.
void find_added_bits(LayerActivity& layer) {
  LayerShape& shape = layer.shape;
  const bool dynamic = layer[Count::kElementsHigh] + layer[Count::kElementsLow] > 0;
  if (!dynamic || shape.added_bits > 0 || shape.compressed_bits != 9 * shape.weights()) return;
  shape.compressed_bits = 8 * shape.weights();
  shape.added_bits = shape.weights();
}

// Throws Error when the file's counts contradict each other. Steps, changed elements and shape
// determine most counts.
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

}  // namespace

ordered_json to_json(const LayerShape& shape) {
  ordered_json json{{"kind", name(shape.kind)},
                    {"inputs", shape.inputs},
                    {"recurrent", shape.recurrent},
                    {"outputs", shape.outputs},
                    {"gates", shape.gates},
                    {"rectified", shape.rectified},
                    {"weight_bits", shape.weight_bits},
                    {"stored_bits", shape.stored_bits()}};
  if (shape.added_bits > 0) json["added_bits"] = shape.added_bits;
  if (const ordered_json form = to_json(shape.form); !form.empty()) json["form"] = form;
  return json;
}

ordered_json totals_to_json(const Activity& activity) {
  ordered_json totals = ordered_json::object();
  write_counts(totals, [&](Count count) { return activity.total(count); });
  return totals;
}

ordered_json to_json(const Activity& activity) {
  ordered_json json{{"layers", ordered_json::array()}};
  for (const LayerActivity& layer : activity.layers) json["layers"].push_back(to_json(layer));
  json["totals"] = totals_to_json(activity);
  return json;
}

ordered_json to_json(const SearchCounts& counts) {
  return {{"steps", counts.steps},
          {"rows", counts.rows},
          {"rows_live", counts.rows_live},
          {"beam_width_sum", counts.beam_width_sum},
          {"average_beam_width", counts.average_beam_width()}};
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

}  // namespace edgeval
