// Makes report.json of a record.
#include "eval/price/work.hpp"
#include "eval/report/activity_json.hpp"
#include "eval/report/pricing_json.hpp"
#include "eval/report/provenance.hpp"
#include "eval/report/record.hpp"
#include "eval/report/weights_report.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

ordered_json quality_to_json(const PointResult& result) {
  ordered_json json = ordered_json::object();
  for (const Metric& metric : result.metrics) json[metric.name] = to_json(metric);
  json.update(result.more_quality);
  return json;
}

ordered_json activity_to_json(const PointResult& result, const Activity& total) {
  ordered_json json = to_json(total);
  if (const auto counts = result.search()) json["decoder"] = to_json(*counts);
  return json;
}

ordered_json timing_to_json(const Record& record) {
  ordered_json timing{{"seconds", record.evaluation.seconds}};
  timing.update(record.report.preparing);
  timing["seconds_engine"] = record.result().seconds;
  if (const PointResult* dense = record.reference())
    timing["seconds_dense_reference"] = dense->seconds;
  timing.update(record.report.rates);
  return timing;
}

}  // namespace

ordered_json record_to_json(const Record& record) {
  const PointResult& result = record.result();
  ordered_json json{
      {"schema", 2},
      {"run", ""},
      {"files", ordered_json::object()},
      {"edgeval", build_info(record.device)},
      {"model",
       {{"path", record.model_path}, {"sha256", record.model_sha256}, {"name", record.model_name}}},
      {"data", record.data},
      {"policy", record.policy}};
  json.update(record.report.choices);
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
  json["invocation"] = invocation();
  json["timing"] = timing_to_json(record);
  return json;
}

}  // namespace edgeval
