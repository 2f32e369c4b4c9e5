#include "eval/report/record.hpp"

#include "eval/report/weights_report.hpp"
#include "eval/task/warnings.hpp"

namespace edgeval {

Record record_of(Session& session, const TaskInfo& task, const Policy& policy,
                 Evaluation evaluation) {
  const PointResult& result = evaluation.points.front();
  const Model& network = session.network(policy.weights);
  const Beam* beam = result.point.search ? &result.point.search->beam : nullptr;
  Record record{.task = task,
                .model_path = network.path,
                .model_sha256 = network.sha256,
                .model_name = network.name,
                .device = session.device(policy.weights),
                .policy = to_json(policy, network, result.point.layers, beam),
                .policy_line = describe(network, result.point.layers, beam),
                .weights = session.matrices(policy.weights),
                .data = session.data(),
                .report = session.report(evaluation),
                .total = result.total()};
  if (!std::holds_alternative<AsTrained>(policy.weights))
    record.weights_line = weights_line(policy.weights, record.weights);
  for (Index n = 0; n < session.items(); ++n) record.items.push_back(session.item(n));
  record.warnings = session.warnings(result);
  for (std::string& warning : session.set_warnings()) record.warnings.push_back(std::move(warning));
  for (std::string& warning : policy_warnings(network, result.point.layers, record.total))
    record.warnings.push_back(std::move(warning));
  record.evaluation = std::move(evaluation);
  if (record.reference() != nullptr) record.dense_total = record.reference()->total();
  return record;
}

void price(Record& record, const ChosenAccelerators& hardware, double audio_seconds) {
  record.left_out = hardware.left_out;
  for (const hw::Accelerator& accelerator : hardware.accelerators)
    record.pricings.push_back(
        price_beside_dense(accelerator, record.total, audio_seconds,
                           record.dense_total ? &*record.dense_total : nullptr));
  for (const Outcome& outcome : record.result().items) {
    std::vector<double>& joules = record.joules.emplace_back();
    for (const hw::Accelerator& accelerator : hardware.accelerators)
      joules.push_back(hw::price(accelerator, outcome.activity).joules);
  }
}

}  // namespace edgeval
