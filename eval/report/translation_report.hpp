// What a run of a translation model leaves behind: report.json, utterances.jsonl and
// hypotheses.txt, and what a person reads on the terminal (docs/formats.md, "report").
#pragma once

#include "eval/report/report.hpp"
#include "eval/report/summary.hpp"
#include "eval/task/translation_pipeline.hpp"

namespace edgeval {

struct TranslationRun {
  const TranslationModel& model;
  const data::TextSet& set;
  const Policy& policy;
  const TranslationEvaluation&
      evaluation;  // outcomes[0] the policy's; [1] the dense network's, at the greatest width
  const std::vector<TranslationCandidate>& candidates;  // of these outcomes
  std::string device;
  std::span<const hw::Accelerator> accelerators;
  std::span<const LeftOut> left_out;
  std::span<const MatrixReport> weights;
  std::vector<std::string> warnings{};  // what makes the figures doubtful

  const TranslationOutcome& outcome() const { return evaluation.outcomes[0]; }
  const TranslationOutcome* dense() const {
    return evaluation.outcomes.size() > 1 ? &evaluation.outcomes[1] : nullptr;
  }
  const Activity* dense_total() const { return dense() == nullptr ? nullptr : &dense()->total; }
};

nlohmann::ordered_json report_to_json(const TranslationRun& run, std::span<const Pricing> pricings);
std::string utterances_to_jsonl(const TranslationRun& run);
std::string hypotheses_to_text(const TranslationRun& run);
std::string summary(const TranslationRun& run, std::span<const Pricing> pricings, Detail detail);

}  // namespace edgeval
