// A record holds what a run found, as values, and no references. Every writer reads it and nothing
// else: those of report.json, utterances.jsonl, hypotheses.txt (docs/formats/report.md) and the
// text on the terminal. What was measured is numbers, of which the writers make keys and lines.
// JSON says what the user chose and what identifies the test set, since only policies and tasks
// know its keys. Texts are descriptions and warnings, and what a task says of a Figure of its own;
// each is without a line break.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/price/pricing.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/report/provenance.hpp"
#include "eval/task/task.hpp"

namespace edgeval {

struct Record {
  TaskInfo task;
  Provenance provenance;  // its device is the one on which the policy's network ran
  std::string model_path, model_sha256, model_name;
  nlohmann::ordered_json policy;      // policy with every parameter resolved
  std::string policy_line;            // description of the policy for people
  std::vector<MatrixReport> weights;  // storage of each matrix

  std::vector<Item> items{};
  Evaluation evaluation{};
  nlohmann::ordered_json data;     // what identifies the test set (Session::data)
  nlohmann::ordered_json choices;  // options of the task (Session::choices)
  // Length of the audio, and the wall time of features, in seconds; both are 0 for a set of text.
  double audio_seconds = 0, feature_seconds = 0;
  Activity total;                         // activity of the policy over all items
  std::optional<Activity> dense_total{};  // activity of the reference, if it ran

  std::vector<Pricing> pricings{};            // prices of `total`, one for each accelerator
  std::vector<std::vector<double>> joules{};  // energy as [item][accelerator]
  std::vector<LeftOut> left_out{};
  std::vector<std::string> warnings{};  // what makes the figures doubtful

  const PointResult& result() const { return evaluation.points.front(); }
  const PointResult* reference() const {
    return evaluation.points.size() > 1 ? &evaluation.points[1] : nullptr;
  }
  // Whether the items were audio, which is never of 0 s: a file without samples is refused.
  bool is_speech() const { return audio_seconds > 0; }
  // Returns the seconds that items are counted against: of the whole evaluation for speech, whose
  // features are part of the work; of the policy's run for text.
  double working_seconds() const { return is_speech() ? evaluation.seconds : result().seconds; }
  double items_per_second() const;
};

// Returns the record of an evaluation, without prices.
Record record_of(Session& session, const TaskInfo& task, const Policy& policy,
                 Evaluation evaluation);

// Adds to the record the prices of the total and of every item.
void price(Record& record, const ChosenAccelerators& hardware);

// Returns report.json. Its keys "run" and "files" are left to run_files().
nlohmann::ordered_json record_to_json(const Record& record);
// Return utterances.jsonl and hypotheses.txt, which have one line for each item.
std::string record_to_jsonl(const Record& record);
std::string hypotheses_to_text(const Record& record);
// Returns the text for the terminal.
std::string record_to_text(const Record& record, Detail detail);

}  // namespace edgeval
