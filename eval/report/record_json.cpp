// Makes report.json of a record.
#include "eval/price/work.hpp"
#include "eval/report/activity_json.hpp"
#include "eval/report/pricing_json.hpp"
#include "eval/report/record.hpp"
#include "eval/report/weights_report.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

ordered_json quality_to_json(const PointResult& result) {
  ordered_json json = ordered_json::object();
  for (const Metric& metric : result.metrics) json[metric.name] = to_json(metric);
  if (!result.alignments.empty()) json["empty_references"] = empty_references(result.alignments);
  for (const Figure& figure : result.figures) json[figure.key] = figure.value;
  return json;
}

ordered_json activity_to_json(const PointResult& result, const Activity& total) {
  ordered_json json = to_json(total);
  if (const auto counts = result.search()) json["decoder"] = to_json(*counts);
  return json;
}

ordered_json timing_to_json(const Record& record) {
  ordered_json timing{{"seconds", record.evaluation.seconds}};
  if (record.is_speech()) timing["seconds_features"] = record.feature_seconds;
  timing["seconds_engine"] = record.result().seconds;
  if (const PointResult* dense = record.reference())
    timing["seconds_dense_reference"] = dense->seconds;
  timing[concat(record.task.item, "s_per_second")] = record.items_per_second();
  if (record.is_speech()) {
    const double seconds = record.evaluation.seconds;
    timing["realtime_speed"] = seconds > 0 ? record.audio_seconds / seconds : 0;
    timing["rtf"] = seconds / record.audio_seconds;
  }
  return timing;
}

}  // namespace

ordered_json record_to_json(const Record& record) {
  const PointResult& result = record.result();
  ordered_json json{
      {"schema", 2},
      {"run", ""},
      {"files", ordered_json::object()},
      {"edgeval", to_json(record.provenance)},
      {"model",
       {{"path", record.model_path}, {"sha256", record.model_sha256}, {"name", record.model_name}}},
      {"data", record.data},
      {"policy", record.policy}};
  json.update(record.choices);
  json["quality"] = quality_to_json(result);
  if (const PointResult* dense = record.reference()) {
    json["dense"] = {{"quality", quality_to_json(*dense)}};
    if (dense->point.search) {  // a search with another beam takes other steps
      json["dense"]["beam"] = describe(dense->point.search->beam);
      json["dense"]["activity"] = activity_to_json(*dense, *record.dense_total);
    }
  }
  json["weights"] = weights_to_json(record.weights);
  json["activity"] = activity_to_json(result, record.total);
  json["work"] = work_to_json(record.total, result.point.layers,
                              record.dense_total ? &*record.dense_total : nullptr);
  add_energy(json, record.pricings, record.left_out);
  json["warnings"] = record.warnings;
  json["invocation"] = record.provenance.invocation;
  json["timing"] = timing_to_json(record);
  return json;
}

}  // namespace edgeval
