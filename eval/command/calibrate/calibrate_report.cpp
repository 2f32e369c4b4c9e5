#include "eval/command/calibrate/calibrate_report.hpp"

#include <algorithm>
#include <cmath>

#include "eval/policy/settings.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/report/csv.hpp"
#include "eval/report/table.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

std::string signed_points(double value) { return concat(value < 0 ? "" : "+", fixed(value, 2)); }

// Returns "1 point of WER", "0.5 points of WER" or "5 % of the dense WER".
std::string in_words(const CalibrationReport& report, const std::string& number) {
  if (report.budget.relative) return concat(number, " % of the dense ", report.title);
  return concat(number, number == "1" ? " point of " : " points of ", report.title);
}

// The mean over the dropped points, of which there are some.
double items_to_a_drop(const StageSummary& stage) {
  return static_cast<double>(stage.to_drops) / static_cast<double>(stage.dropped);
}

std::string stages_text(const CalibrationReport& report) {
  std::vector<std::vector<std::string>> rows{{"search", "points", "dropped",
                                              report.item + "s to a drop", "executed",
                                              "least within the budget"}};
  const auto macs = [](std::uint64_t count) { return si(static_cast<double>(count), "MAC"); };
  rows.push_back({"dense", "1", "0", "", macs(report.dense_macs),
                  report.dense_cost ? cost_text(report.kind, *report.dense_cost) : ""});
  for (const auto& [by, stage] : report.stages)
    rows.push_back({name_of(by), std::to_string(stage.points), std::to_string(stage.dropped),
                    stage.dropped == 0 ? "" : fixed(items_to_a_drop(stage), 1), macs(stage.macs),
                    stage.least ? cost_text(report.kind, *stage.least) : "none"});
  if (report.confirm_macs > 0) {
    const auto tested = std::ranges::count_if(report.candidates, &Candidate::is_tested);
    rows.push_back({"confirm", std::to_string(tested + 1), "", "", macs(report.confirm_macs), ""});
  }
  return table(rows);
}

// Compares what the search found with what random search found; nothing where there was none. That
// ends with fewer MACs where no further points were to be had.
std::string beside_random_text(const CalibrationReport& report) {
  std::optional<double> of_search, of_random;
  std::uint64_t macs_of_search = 0, macs_of_random = 0;
  for (const auto& [by, stage] : report.stages) {
    const bool is_random = by == ProposedBy::kRandom;
    std::optional<double>& least = is_random ? of_random : of_search;
    if (stage.least && (!least || *stage.least < *least)) least = stage.least;
    (is_random ? macs_of_random : macs_of_search) += stage.macs;
  }
  if (macs_of_random == 0) return "";
  const auto found = [&](const std::optional<double>& least) {
    return least ? cost_text(report.kind, *least) : std::string("nothing");
  };
  std::string text =
      concat("The search found ", found(of_search), " within the budget, and random search, for ",
             macs_of_random < macs_of_search ? "fewer" : "as many", " MACs, ", found(of_random));
  if (of_search && of_random && *of_random > 0)
    text += concat(": the search's is ", fixed(*of_search / *of_random, 3), " of the other");
  return paragraph(text + ".", 0);
}

std::string candidates_text(const CalibrationReport& report) {
  const std::string unit = report.budget.relative ? ", %" : "";
  std::vector<std::vector<std::string>> rows{{"point", "loss on " + report.development.name + unit,
                                              "of all", "loss on " + report.confirm.name + unit,
                                              "at most", report.least, "ratio", "verdict"}};
  for (const Candidate& candidate : report.candidates)
    rows.push_back({std::to_string(candidate.trial + 1), signed_points(candidate.loss),
                    candidate.interval ? concat("[", fixed(candidate.interval->low, 2), ", ",
                                                fixed(candidate.interval->high, 2), "]")
                                       : "",
                    candidate.bound ? signed_points(candidate.bound->loss) : "",
                    candidate.bound ? signed_points(candidate.bound->bound) : "",
                    cost_text(report.kind, candidate.cost),
                    report.dense_cost ? fixed(candidate.cost / *report.dense_cost, 3) : "",
                    candidate.passed        ? "passed"
                    : candidate.is_tested() ? "failed"
                                            : "not tested"});
  return table(rows);
}

std::string verdict_text(const CalibrationReport& report) {
  const std::string confidence = printed("%g %%", 100 * report.confidence);
  if (!report.winner) {
    const std::string none =
        concat("No policy was confirmed within ", in_words(report, shortest(report.budget.most)),
               " at ", confidence, ", so best.yaml is the dense network.");
    if (report.candidates.empty()) return none;
    const LossBound& first = *report.candidates.front().bound;
    const std::string of_first =
        concat(none, " Point ", report.candidates.front().trial + 1, ", the first, loses ",
               signed_points(first.loss), " on ", report.confirm.name);
    if (first.loss > report.budget.most)
      return concat(of_first, " itself: the ",
                    counted(static_cast<std::size_t>(report.development.items), report.item),
                    " of ", report.development.name,
                    " may be too few to choose by, or what varies goes too far.");
    return concat(of_first, " and at most ", signed_points(first.bound), ", which ",
                  counted(static_cast<std::size_t>(report.confirm.items), report.item),
                  " cannot tell from the budget.");
  }
  // The test holds for the budget. The winner's own bound, which is not adjusted for the choice of
  // the winner, is lower.
  const Candidate& winner = report.candidates[*report.winner];
  const std::string of_dense =
      report.dense_cost
          ? concat(", ", fixed(winner.cost / *report.dense_cost, 3), " of the dense network's,")
          : "";
  return concat("Point ", winner.trial + 1, " loses no more than ",
                in_words(report, shortest(report.budget.most)), " at ", confidence, " (",
                signed_points(winner.bound->loss), " on ", report.confirm.name,
                ", where its own bound is ", signed_points(winner.bound->bound), "; ",
                signed_points(winner.loss), " on ", report.development.name, ") and takes ",
                cost_text(report.kind, winner.cost), of_dense, " on ", report.development.name,
                ": ", separated(report.trials[winner.trial].settings));
}

}  // namespace

std::string name_of(ProposedBy by) {
  switch (by) {
    case ProposedBy::kSobol:
      return "sobol";
    case ProposedBy::kDescent:
      return "descent";
    case ProposedBy::kTpe:
      return "tpe";
    case ProposedBy::kRandom:
      return "random";
  }
  return "";
}

std::string cost_text(CostKind kind, double cost) {
  switch (kind) {
    case CostKind::kMacs:
      return si(cost, "MAC");
    case CostKind::kRows:
      return printed("%.0f", cost);
    case CostKind::kEnergy:
      return si(cost, "J");
    case CostKind::kSeconds:
      return si(cost, "s");
  }
  return "";
}

std::string text_of(const CalibrationReport& report, const CalibrationSet& set) {
  const std::string items = counted(static_cast<std::size_t>(set.items), report.item);
  if (!set.dense) return concat(set.name, " (", items, ") was not opened");
  std::string text = concat(report.title, " ", fixed(*set.dense, 2), " on ", set.name, " (", items);
  if (set.ci95)
    text += concat(", 95 % from ", fixed(set.ci95->low, 2), " to ", fixed(set.ci95->high, 2));
  return text + ")";
}

std::string text_of(const CalibrationReport& report, const Power& power) {
  const std::string confidence = printed("%g %%", 100 * report.confidence);
  std::string text =
      concat(counted(static_cast<std::size_t>(power.items), report.item),
             " can confirm a policy that neither loses nor gains within ",
             in_words(report, fixed(std::ceil(100 * power.least) / 100, 2)), " at ", confidence,
             " at best",
             report.budget.relative
                 ? concat(", if the dense network scores there as on ", report.development.name)
                 : "",
             ".");
  if (power.least > report.budget.most) {
    text += concat(" Within ", in_words(report, shortest(report.budget.most)),
                   " only a policy that gains something can be confirmed");
    if (power.wanted)
      text += concat("; others take at least ", *power.wanted, " ", report.item, "s");
    text += ".";
  }
  return text;
}

std::string text_of(const CalibrationReport& report) {
  std::string text = concat("dense: ", text_of(report, report.development), ", ",
                            text_of(report, report.confirm), "\n", stages_text(report));
  text += paragraph(text_of(report, report.power), 0);
  text += beside_random_text(report);
  text += report.candidates.empty()
              ? concat("no point is within the budget and cheaper than the dense network\n")
              : concat("candidates, in the order of their tests:\n", candidates_text(report));
  text += paragraph(verdict_text(report), 0);
  for (const std::string& warning : report.warnings) text += paragraph("Warning: " + warning, 0);
  return text;
}

nlohmann::ordered_json json_of(const CalibrationReport& report) {
  using Json = nlohmann::ordered_json;
  const auto set = [&](const CalibrationSet& of) {
    return Json{{"name", of.name},
                {"items", of.items},
                {"dense", or_null(of.dense)},
                {"ci95", or_null(of.ci95)}};
  };
  Json json{{"metric", report.budget.metric},
            {"max_loss", report.budget.most},
            {"relative", report.budget.relative},
            {"least", report.least},
            {"confidence", report.confidence},
            {"development", set(report.development)},
            {"confirm", set(report.confirm)},
            {"least_confirmable_budget", report.power.least},
            {"dense_cost", or_null(report.dense_cost)},
            {"loss_of_a_differing_item", report.scale_of_one},
            {"dense_macs", report.dense_macs},
            {"confirm_macs", report.confirm_macs},
            {"search", Json::array()},
            {"candidates", Json::array()},
            {"best", nullptr},
            {"warnings", report.warnings}};
  for (const auto& [by, stage] : report.stages)
    json["search"].push_back(
        {{"by", name_of(by)},
         {"points", stage.points},
         {"dropped", stage.dropped},
         {"items_run", stage.utterances},
         {"items_to_a_drop", stage.dropped == 0 ? Json(nullptr) : Json(items_to_a_drop(stage))},
         {"macs", stage.macs},
         {"least", or_null(stage.least)}});
  for (const Candidate& candidate : report.candidates) {
    Json one{{"point", candidate.trial + 1},
             {"settings", settings_to_json(report.trials[candidate.trial].settings)},
             {"cost", candidate.cost},
             {"development_loss", candidate.loss},
             {"development_interval", or_null(candidate.interval)},
             {"confirm_loss", nullptr},
             {"confirm_bound", nullptr},
             {"differing", nullptr},
             {"tested", candidate.is_tested()},
             {"passed", candidate.passed}};
    if (candidate.bound) {
      one["confirm_loss"] = candidate.bound->loss;
      one["confirm_bound"] = candidate.bound->bound;
      one["differing"] = candidate.bound->differing;
    }
    json["candidates"].push_back(std::move(one));
  }
  if (report.winner) json["best"] = report.candidates[*report.winner].trial + 1;
  return json;
}

std::string csv_of(const CalibrationReport& report) {
  std::vector<std::string> header{"point",   "search", "batch", "blocks",       "items",
                                  "dropped", "loss",   "cost",  "within_budget"};
  for (const std::string& setting : report.trials.front().settings)
    header.push_back(setting.substr(0, find_unquoted(setting, '=')));
  std::string csv = csv_line(header);
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    const Trial& trial = report.trials[t];
    std::string drop;
    if (trial.drop) drop = trial.drop->rule == RaceRule::kSure ? "sure" : "bet";
    std::vector<std::string> cells{
        std::to_string(t + 1),
        name_of(trial.by),
        std::to_string(trial.batch + 1),
        std::to_string(trial.blocks),
        std::to_string(trial.drop ? trial.drop->utterances : report.development.items),
        drop,
        trial.whole ? shortest(trial.whole->loss) : "",
        trial.whole ? shortest(trial.whole->cost) : "",
        trial.is_within_budget() ? "1" : "0"};
    for (const std::string& setting : trial.settings)
      cells.push_back(setting.substr(find_unquoted(setting, '=') + 1));
    csv += csv_line(cells);
  }
  return csv;
}

}  // namespace edgeval
