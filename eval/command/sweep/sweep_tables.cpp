#include "eval/command/sweep/sweep_tables.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "eval/policy/settings.hpp"
#include "eval/report/sweep_output.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostRowsShown = 20;   // of the front
constexpr std::size_t kMostPointsShown = 5;  // of a dry run

std::string describe(const SweepEstimate& estimate) {
  std::string text = concat("about ",
                            estimate.seconds < 120 ? fixed(estimate.seconds, 0) + " s"
                                                   : fixed(estimate.seconds / 60, 0) + " min",
                            " and ", fixed(estimate.bytes / 1e6, 0), " MB");
  if (estimate.shared_runs < estimate.runs)
    text += concat(
        "; points that agree in their first layers share them: ", fixed(estimate.shared_runs, 0),
        " runs of layers instead of ", fixed(estimate.runs, 0));
  return text + "\n";
}

// Returns "plan.threshold=0.5 operand.type=delta".
std::string settings_text(const std::vector<std::string>& settings) {
  return settings.empty() ? "the policy as it is" : separated(settings, " ");
}

// Tells of a point's total, as it stands in the tables.
SweepRow row_of(const Sweep& sweep, std::size_t p, const PointTotal& total,
                const PointTotal* dense) {
  const AllPoints& all = sweep.all;
  SweepRow row{.point = all.name(p), .is_reference = p >= all.drawn(), .total = total};
  if (!row.is_reference) row.settings = all.settings[p], row.dense = dense;
  const Activity* reference = dense == nullptr ? nullptr : &dense->activity;
  row.macs_dense = dense_counts(total.activity, reference).macs_executed();
  for (const hw::Accelerator& accelerator : sweep.hardware.accelerators) {
    // The points can be priced; a reference, in fp32, not by an accelerator of integers.
    if (row.is_reference && hw::cannot_price(accelerator, total.activity))
      row.pricings.emplace_back();
    else
      row.pricings.emplace_back(price_beside_dense(accelerator, total.activity,
                                                   sweep.session.audio_seconds(), reference));
  }
  return row;
}

SweepTable table_of(const Sweep& sweep, const SweepJournal& journal) {
  const AllPoints& all = sweep.all;
  std::vector<std::string> names;
  for (const hw::Accelerator& accelerator : sweep.hardware.accelerators)
    names.push_back(accelerator.name);
  SweepTable table(all.keys(), names);
  const auto total = [&](std::size_t p) {
    return total_of(sweep.session, all.points[p], static_cast<Index>(p), sweep.blocks, journal,
                    sweep.options.request.seed);
  };
  std::map<std::size_t, PointTotal> references;
  for (std::size_t p = all.drawn(); p < all.points.size(); ++p) references.emplace(p, total(p));
  for (std::size_t p = 0; p < all.drawn(); ++p)
    table.add(row_of(sweep, p, total(p),
                     all.reference.empty() ? nullptr : &references.at(all.reference[p])));
  for (const auto& [p, of_reference] : references)
    table.add(row_of(sweep, p, of_reference, &of_reference));
  return table;
}

}  // namespace

std::string plan_text(const Sweep& sweep, const SweepPlan& plan) {
  const AllPoints& all = sweep.all;
  const MadePoints& made = sweep.made;
  std::string text = counted(all.drawn(), "point");
  if (made.refused > 0)
    text += concat(" (", counted(static_cast<std::size_t>(made.refused), made.drawn),
                   " refused, the first for: ", made.refusal, ")");
  text += concat(all.points.size() > all.drawn() ? " and the dense network" : "", " on ",
                 counted(static_cast<std::size_t>(sweep.session.items()), sweep.task.item), " in ",
                 counted(sweep.blocks.size(), "block"), "; ", sweep.session.device(), "\n");
  if (static_cast<std::size_t>(made.different) < all.drawn())
    text += concat("only ", made.different, " of the ", counted(all.drawn(), "point"),
                   made.different == 1 ? " differs" : " differ", "; the others repeat them\n");
  if (sweep.session.metrics().empty())
    text += "no reference is given, so there will be costs and no front\n";
  if (plan.results > 0)
    text += concat(plan.results, " of ", all.points.size() * sweep.blocks.size(),
                   " results are in the journal\n");
  return text + (plan.estimate ? describe(*plan.estimate) : "nothing is left to run\n");
}

void print_plan(const Sweep& sweep, const SweepPlan& plan) {
  const AllPoints& all = sweep.all;
  const std::size_t shown = std::min(all.drawn(), kMostPointsShown);
  if (sweep.options.output.format != "json") {
    std::string text = plan_text(sweep, plan);
    for (std::size_t p = 0; p < shown; ++p)
      text += concat("point ", p + 1, ": ", settings_text(all.settings[p]), "\n");
    if (shown < all.drawn())
      text += concat("and ", counted(all.drawn() - shown, "more point"), "\n");
    std::cout << printable(text);
    return;
  }
  nlohmann::ordered_json json{{"points", all.drawn()},
                              {"refused_draws", sweep.made.refused},
                              {"references", all.points.size() - all.drawn()},
                              {"items", sweep.session.items()},
                              {"blocks", sweep.blocks.size()},
                              {"results_in_journal", plan.results},
                              {"estimate", nullptr}};
  if (plan.estimate)
    json["estimate"] = {{"seconds", plan.estimate->seconds},
                        {"bytes", plan.estimate->bytes},
                        {"layer_runs_alone", plan.estimate->runs},
                        {"layer_runs", plan.estimate->shared_runs}};
  json["settings"] = nlohmann::ordered_json::array();
  for (const std::vector<std::string>& settings : all.settings)
    json["settings"].push_back(settings_to_json(settings));
  std::cout << to_text(json);
}

void write_tables(const Sweep& sweep, const SweepJournal& journal) {
  const SweepTable table = table_of(sweep, journal);
  const fs::path folder(sweep.options.out);
  write_file(folder / kSweepTableFile, table.points_csv());
  write_file(folder / kSweepFrontsFile, table.fronts_csv());
  if (sweep.options.output.format == "json")
    std::cout << to_text({{"folder", sweep.options.out},
                          {"points", sweep.all.drawn()},
                          {"refused_draws", sweep.made.refused},
                          {"fronts", table.fronts_json()}});
  else
    std::cout << printable(concat(table.front_text(kMostRowsShown), "wrote ",
                                  (folder / kSweepTableFile).string(), ", ",
                                  (folder / kSweepFrontsFile).string(), "\n"));
}

}  // namespace edgeval
