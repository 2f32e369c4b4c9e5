// What a calibration found, as values, and as the report that is written and printed.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/score/statistics/loss_bound.hpp"
#include "eval/search/calibration/aim.hpp"
#include "eval/search/calibration/search.hpp"

namespace edgeval {

// A set on which points ran.
struct CalibrationSet {
  std::string name;  // "dev", or the name of the data's file or folder
  Index items = 0;
  // The metric of the dense network, in percent or points; nothing where the set was not opened.
  std::optional<double> dense{};
  std::optional<Interval> ci95{};
};

// What the size of the confirm set can tell, known before it is opened.
struct Power {
  Index items = 0;
  // The least budget within which a policy can be confirmed that neither loses nor gains, in the
  // unit of the budget.
  double least = 0;
  std::optional<Index> wanted{};  // items it would take for the budget, where these are too few
};

struct Candidate {
  std::size_t trial = 0;      // place among the trials
  double cost = 0, loss = 0;  // on the development set
  // Of that loss, for all points that ran on the whole set at once; nothing where none differs.
  std::optional<Interval> interval{};
  std::optional<LossBound> bound{};  // on the confirm set, in the unit of the budget
  bool passed = false;

  // Whether it was tested on the confirm set; nothing is known of those behind the first failure.
  bool is_tested() const { return bound.has_value(); }
};

// What the points of one sampler cost and found.
struct StageSummary {
  std::size_t points = 0, dropped = 0;
  Index utterances = 0;  // that its points ran on
  Index to_drops = 0;    // utterances that its dropped points had seen when they were dropped
  std::uint64_t macs = 0;
  std::optional<double> least{};  // cost of its cheapest point within the budget
};

struct CalibrationReport {
  std::string item;  // "utterance"
  LossBudget budget;
  std::string title;  // of the metric
  std::string least;  // as it was asked for
  CostKind kind = CostKind::kMacs;
  double confidence = 0;
  CalibrationSet development, confirm;
  Power power{};
  std::optional<double> dense_cost{};  // nothing where the accelerator cannot price fp32
  double scale_of_one = 0;             // points that an utterance that differs is taken to lose
  std::vector<Trial> trials;
  std::vector<std::pair<ProposedBy, StageSummary>> stages;
  // MACs that the dense network executed on the development set, and all runs on the confirm set.
  std::uint64_t dense_macs = 0, confirm_macs = 0;
  std::vector<Candidate> candidates{};
  std::optional<std::size_t> winner{};  // place among the candidates
  std::vector<std::string> warnings{};
};

std::string name_of(ProposedBy by);

// Returns a cost for people: "329.7 mJ", "1.234 GMAC", or the number of rows.
std::string cost_text(CostKind kind, double cost);

// Returns what the dense network makes of a set, in a line for people.
std::string text_of(const CalibrationReport& report, const CalibrationSet& set);
// Returns what the confirm set can tell, in a sentence or two for people.
std::string text_of(const CalibrationReport& report, const Power& power);
// Returns what is printed.
std::string text_of(const CalibrationReport& report);
// Returns calibration.json.
nlohmann::ordered_json json_of(const CalibrationReport& report);
// Returns points.csv, with a line for each trial.
std::string csv_of(const CalibrationReport& report);

}  // namespace edgeval
