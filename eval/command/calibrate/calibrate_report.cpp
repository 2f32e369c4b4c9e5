#include "eval/command/calibrate/calibrate_report.hpp"

#include <charconv>

#include "eval/policy/settings.hpp"
#include "eval/report/table.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string signed_points(double value) { return concat(value < 0 ? "" : "+", fixed(value, 2)); }

std::string unit_of(const CalibrationReport& report) {
  return report.budget.relative ? concat("% of the dense ", report.title)
                                : concat("points of ", report.title);
}

std::string percent(double share) { return printed("%g", 100 * share); }

std::string set_text(const CalibrationReport& report, const CalibrationSet& set) {
  std::string text =
      concat(report.title, " ", set.dense ? fixed(*set.dense, 2) : "none", " on ", set.name, " (",
             counted(static_cast<std::size_t>(set.items), report.item));
  if (set.ci95)
    text += concat(", 95 % from ", fixed(set.ci95->low, 2), " to ", fixed(set.ci95->high, 2));
  return text + ")";
}

std::string stages_text(const CalibrationReport& report) {
  std::vector<std::vector<std::string>> rows{
      {"search", "points", "dropped", report.item + "s", "MACs", "least within the budget"}};
  for (const auto& [by, stage] : report.stages)
    rows.push_back({name_of(by), std::to_string(stage.points), std::to_string(stage.dropped),
                    std::to_string(stage.utterances),
                    printed("%.3g", static_cast<double>(stage.macs)),
                    stage.least ? printed("%.4g", *stage.least) : "none"});
  return table(rows);
}

std::string candidates_text(const CalibrationReport& report) {
  std::vector<std::vector<std::string>> rows{{"point", "loss on " + report.development.name,
                                              "loss on " + report.confirm.name, "at most",
                                              report.least, "ratio", "verdict"}};
  for (const Candidate& candidate : report.candidates)
    rows.push_back({std::to_string(candidate.trial + 1), signed_points(candidate.loss),
                    candidate.bound ? signed_points(candidate.bound->loss) : "",
                    candidate.bound ? signed_points(candidate.bound->bound) : "",
                    printed("%.4g", candidate.cost),
                    report.dense_cost ? fixed(candidate.cost / *report.dense_cost, 3) : "",
                    candidate.passed   ? "passed"
                    : candidate.tested ? "failed"
                                       : "not tested"});
  return table(rows);
}

std::string verdict_text(const CalibrationReport& report) {
  const std::string confidence = percent(report.confidence) + " %";
  if (!report.winner)
    return concat("No policy was confirmed within ", shortest(report.budget.most), " ",
                  unit_of(report), " at ", confidence, ", so best.yaml is the dense network. ",
                  counted(static_cast<std::size_t>(report.confirm.items), report.item),
                  " may be too few to tell.");
  const Candidate& winner = report.candidates[*report.winner];
  return concat("Point ", winner.trial + 1, " loses at most ", fixed(winner.bound->bound, 2), " ",
                unit_of(report), " at ", confidence, " (", signed_points(winner.bound->loss),
                " on ", report.confirm.name, ", ", signed_points(winner.loss), " on ",
                report.development.name, "): ", separated(report.trials[winner.trial].settings));
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
  }
  return "";
}

std::string text_of(const CalibrationReport& report) {
  std::string text = concat("dense: ", set_text(report, report.development), ", ",
                            set_text(report, report.confirm), "\n", stages_text(report));
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
            {"dense_cost", or_null(report.dense_cost)},
            {"loss_of_a_differing_item", report.scale_of_one},
            {"search", Json::array()},
            {"candidates", Json::array()},
            {"best", nullptr},
            {"warnings", report.warnings}};
  for (const auto& [by, stage] : report.stages)
    json["search"].push_back({{"by", name_of(by)},
                              {"points", stage.points},
                              {"dropped", stage.dropped},
                              {"items_run", stage.utterances},
                              {"macs", stage.macs},
                              {"least", or_null(stage.least)}});
  for (const Candidate& candidate : report.candidates) {
    Json one{{"point", candidate.trial + 1},
             {"settings", settings_to_json(report.trials[candidate.trial].settings)},
             {"cost", candidate.cost},
             {"development_loss", candidate.loss},
             {"confirm_loss", nullptr},
             {"confirm_bound", nullptr},
             {"differing", nullptr},
             {"tested", candidate.tested},
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
  std::string csv = "point,search,batch,blocks,dropped,loss,cost,within_budget";
  for (const std::string& setting : report.trials.front().settings)
    csv += "," + setting.substr(0, find_unquoted(setting, '='));
  csv += "\n";
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    const Trial& trial = report.trials[t];
    const std::string drop = !trial.drop                           ? ""
                             : trial.drop->rule == RaceRule::kSure ? "sure"
                                                                   : "bet";
    csv += concat(t + 1, ",", name_of(trial.by), ",", trial.batch + 1, ",", trial.blocks, ",", drop,
                  ",", trial.whole ? shortest(trial.whole->loss) : "", ",",
                  trial.whole ? shortest(trial.whole->cost) : "", ",",
                  trial.is_within_budget() ? 1 : 0);
    for (const std::string& setting : trial.settings) {
      const std::string value = setting.substr(find_unquoted(setting, '=') + 1);
      csv += value.find_first_of(",\"\n") == std::string::npos ? "," + value : ",\"" + value + "\"";
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace edgeval
