// What a run leaves behind: report.json and utterances.jsonl (docs/formats.md, "report").
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/policy/policy.hpp"
#include "eval/price/pricing.hpp"
#include "eval/report/activity_json.hpp"
#include "eval/task/pipeline.hpp"
#include "host/model/transform.hpp"

namespace edgeval {

struct Run {
  const Model& model;
  const data::TestSet& set;
  std::string data_path;  // as the user wrote it
  std::string data_sha256;
  const Policy& policy;
  const OperatingPoint& point;
  const Evaluation&
      evaluation;  // outcomes[0] the policy's; [1] the dense network's as trained, when it ran
  std::string device;
  std::span<const hw::Accelerator> accelerators;
  std::span<const LeftOut> left_out;
  std::span<const MatrixReport> weights;
  TextRules text{};                     // before errors were counted
  std::vector<std::string> warnings{};  // what makes the figures doubtful

  const Outcome& outcome() const { return evaluation.outcomes[0]; }
  const Outcome* dense() const {
    return evaluation.outcomes.size() > 1 ? &evaluation.outcomes[1] : nullptr;
  }
};

nlohmann::ordered_json report_to_json(const Run& run, std::span<const Pricing> pricings);
std::string utterances_to_jsonl(const Run& run);

// {accelerator: joules} of one utterance.
nlohmann::ordered_json joules_to_json(std::span<const hw::Accelerator> accelerators,
                                      const Activity& activity);
nlohmann::ordered_json to_json(const Pricing& pricing);

// {"version", "build", "device"}
nlohmann::ordered_json build_info(const std::string& device);

// What the reports of speech and of translations have in common: the keys schema, run and
// files (which run_files fills in), edgeval and model, with which one begins, and the keys weights,
// activity, work and energy. dense: the dense run's, or null.
nlohmann::ordered_json report_head(const Model& model, const std::string& device);
void add_work(nlohmann::ordered_json& report, const Activity& total, const OperatingPoint& point,
              const Activity* dense, std::span<const MatrixReport> weights,
              std::span<const Pricing> pricings, std::span<const LeftOut> left_out);

// "energy", and "energy_left_out" with the reason of each accelerator that is not there.
void add_energy(nlohmann::ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out);

}  // namespace edgeval
