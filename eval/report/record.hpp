// What a run found, as values: from here every writer reads. report.json, utterances.jsonl,
// hypotheses.txt (docs/formats/report.md) and the text on the terminal are made of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/price/pricing.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/task/task.hpp"

namespace edgeval {

struct Record {
  TaskInfo task;
  std::string model_path, model_sha256, model_name;
  std::string device;             // of the policy's network
  nlohmann::ordered_json policy;  // with every parameter resolved
  std::string policy_line;        // for people
  std::string weights_line{};     // likewise; empty for weights as trained
  std::vector<MatrixReport> weights;

  std::vector<Item> items{};
  Evaluation evaluation{};
  nlohmann::ordered_json data;  // which it was
  TaskReport report;
  Activity total;                         // of the policy
  std::optional<Activity> dense_total{};  // of the reference, where it ran

  std::vector<Pricing> pricings{};            // of the total, one for each accelerator
  std::vector<std::vector<double>> joules{};  // [item][accelerator]
  std::vector<LeftOut> left_out{};
  std::vector<std::string> warnings{};  // what makes the figures doubtful

  const PointResult& result() const { return evaluation.points.front(); }
  const PointResult* reference() const {
    return evaluation.points.size() > 1 ? &evaluation.points[1] : nullptr;
  }
};

// All but what pricing adds.
Record record_of(Session& session, const TaskInfo& task, const Policy& policy,
                 Evaluation evaluation);

// Prices the totals and every item.
void price(Record& record, const ChosenAccelerators& hardware, double audio_seconds);

// The writers. The keys "run" and "files" of the report are left to run_files().
nlohmann::ordered_json record_to_json(const Record& record);
std::string record_to_jsonl(const Record& record);     // a line for each item
std::string hypotheses_to_text(const Record& record);  // likewise
std::string record_to_text(const Record& record, Detail detail);

}  // namespace edgeval
