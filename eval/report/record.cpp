#include "eval/report/record.hpp"

#include "eval/task/warnings.hpp"

namespace edgeval {

Record record_of(Session& session, const TaskInfo& task, const Policy& policy,
                 Evaluation evaluation) {
  const PointResult& result = evaluation.points.front();
  const std::shared_ptr<const Model> with_weights = session.network(policy.weights);
  const Model& network = *with_weights;
  const Beam* beam = result.point.search ? &result.point.search->beam : nullptr;
  Record record{.task = task,
                .provenance = provenance_on(session.device()),
                .model_path = network.path,
                .model_sha256 = network.sha256,
                .model_name = network.name,
                .policy = to_json(policy, network, result.point.layers, beam),
                .policy_line = describe(network, result.point.layers, beam),
                .weights = session.matrices(policy.weights),
                .data = session.data(),
                .choices = session.choices(),
                .audio_seconds = session.audio_seconds(),
                .feature_seconds = session.feature_seconds(),
                .total = result.total()};
  for (Index n = 0; n < session.items(); ++n) record.items.push_back(session.item(n));
  record.warnings = session.warnings(result);
  for (std::string& warning : session.set_warnings()) record.warnings.push_back(std::move(warning));
  for (std::string& warning : policy_warnings(network, result.point.layers, record.total))
    record.warnings.push_back(std::move(warning));
  record.evaluation = std::move(evaluation);
  if (record.reference() != nullptr) record.dense_total = record.reference()->total();
  return record;
}

double Record::items_per_second() const {
  const double seconds = working_seconds();
  return seconds > 0 ? static_cast<double>(items.size()) / seconds : 0;
}

void price(Record& record, const ChosenAccelerators& hardware) {
  record.left_out = hardware.left_out;
  for (const hw::Accelerator& accelerator : hardware.accelerators)
    record.pricings.push_back(
        price_beside_dense(accelerator, record.total, record.audio_seconds,
                           record.dense_total ? &*record.dense_total : nullptr));
  for (const Outcome& outcome : record.result().items) {
    std::vector<double>& joules = record.joules.emplace_back();
    for (const hw::Accelerator& accelerator : hardware.accelerators)
      joules.push_back(hw::price(accelerator, outcome.activity).joules);
  }
}

}  // namespace edgeval
