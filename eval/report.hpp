// What a run leaves behind: report.json and utterances.jsonl (docs/formats.md, "report").
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/pipeline.hpp"
#include "eval/policy.hpp"
#include "host/model/transform.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// An activity priced on one accelerator, beside the dense run of the same data on it.
struct Pricing {
  std::string accelerator;
  hw::Price price;
  hw::Price dense;
  hw::RatioRange ratio;          // joules over dense joules
  std::string bound;             // why `price` is the least it could be; empty: it is a forecast
  double as_trained_joules = 0;  // of the dense run with weights of the shapes' weight_bits
  double audio_seconds = 0;      // 0: of text

  // Whether the accelerator's constants say how far off the ratio may be: not where the price is a
  // bound, and not where one constant scales both energies.
  bool has_range() const {
    constexpr double kRounding = 1e-9;  // relative: sums in another order make a width of 1e-16
    const bool wide = ratio.highest - ratio.lowest > kRounding * ratio.value;
    return bound.empty() && (wide || ratio.value == 1);
  }
};

// An accelerator that was not asked for by name and cannot price the work.
struct LeftOut {
  std::string accelerator;
  std::string reason;
};

// reference: a run of the same layers that took other steps, as a search with another beam does;
// the dense run is then of its steps.
Pricing price_beside_dense(const hw::Accelerator& accelerator, const Activity& activity,
                           double audio_seconds, const Activity* reference = nullptr);

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

nlohmann::ordered_json to_json(const Activity& activity);
nlohmann::ordered_json totals_to_json(const Activity& activity);

// {accelerator: joules} of one utterance.
nlohmann::ordered_json joules_to_json(std::span<const hw::Accelerator> accelerators,
                                      const Activity& activity);
nlohmann::ordered_json to_json(const Pricing& pricing);

// The activity of a stored report. Throws Error, opening with `place`, when anything is missing or
// does not add up.
Activity activity_from_json(const nlohmann::json& json, const std::string& place);

// For a file or the terminal. A path that is not UTF-8 is no reason to lose a result: its odd bytes
// become U+FFFD.
std::string to_text(const nlohmann::ordered_json& json);

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
