#include "eval/command/calibrate/calibrate_steps.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "eval/command/calibrate/first_look.hpp"
#include "eval/command/sweep/results_head.hpp"
#include "eval/policy/settings.hpp"
#include "eval/report/sweep_output.hpp"
#include "eval/report/table.hpp"
#include "eval/score/statistics/fixed_sequence.hpp"
#include "eval/score/statistics/simultaneous.hpp"
#include "eval/search/blocks.hpp"
#include "eval/search/calibration/journal_trials.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Points beside the search: so many for each of its points, as those at random are dropped sooner,
// and no more than these.
constexpr Index kAtRandom = 16, kMostAtRandom = 100'000;

std::string set_name(const Request& request) {
  if (!request.data.selection.split.empty()) return request.data.selection.split;
  const fs::path path(request.data.path);
  return path.has_filename() ? path.filename().string() : request.data.path;
}

Index block_size(const CalibrateOptions& options, Index items) {
  return options.block > 0 ? options.block : std::clamp<Index>(items / 16, 8, 256);
}

Blocks blocks_of(const Calibration& c, const Session& session) {
  const Index items = session.items();
  return cut_into_blocks(items, block_size(c.options, items), c.options.request.seed);
}

// Says what the dense network makes of a set. Throws Error where losses against it have no value.
CalibrationSet summary_of(const Calibration& c, const Request& request, const Session& session,
                          const Metric& dense) {
  const CalibrationSet set{set_name(request), session.items(), dense.value,
                           drawn_interval(dense, c.options.request.seed)};
  EDGEVAL_EXPECTS(set.dense, "--max-loss: ", dense.title, " has no value on ", set.name,
                  ", as its references hold no words");
  EDGEVAL_EXPECTS(!c.budget.relative || *set.dense != 0, "--relative: the dense network has ",
                  dense.title, " 0 on ", set.name,
                  ", so no loss is relative to it; leave --relative out");
  return set;
}

ordered_json head_of(const Calibration& c, Session& session, const Request& request,
                     std::size_t blocks) {
  ordered_json head{{"calibration", 1}};
  head.update(results_head(session, request, true));
  ordered_json vary = ordered_json::array();
  for (const Dimension& dimension : c.dimensions) vary.push_back(dimension.text);
  head.update(
      {{"policy", sha256(c.policy)},
       {"profile", c.profile.empty() ? ordered_json(nullptr) : ordered_json(sha256(c.profile))},
       {"vary", vary},
       {"points", c.options.points},
       {"beside_random", c.options.beside_random},
       {"metric", c.budget.metric},
       {"max_loss", c.budget.most},
       {"relative", c.budget.relative},
       {"least", c.options.least},
       {"race", c.options.race ? ordered_json(*c.options.race) : ordered_json(nullptr)},
       {"blocks", blocks},
       {"block", block_size(c.options, session.items())},
       {"seed", c.options.request.seed}});
  return head;
}

TrialSetup setup_of(const Calibration& c, Session& session, const Blocks& blocks,
                    SweepJournal& journal, Index points, Index shown, Display display) {
  return {.session = session,
          .blocks = blocks,
          .journal = journal,
          .make = c.make,
          .dense = c.dense,
          .points = points,
          .shown = shown,
          .at_once = c.options.request.engine.batch,
          .item = c.task.item,
          .display = display,
          .budget = c.budget,
          .least = c.least,
          .accelerator = c.chip(),
          .share = {c.ranks.rank(), c.ranks.size()},
          .wait = [&ranks = c.ranks] { ranks.wait(); }};
}

void add_stages(CalibrationReport& report, const JournalTrials& trials, const Blocks& blocks) {
  report.dense_macs = trials.macs(trials.dense(), trials.blocks());
  std::map<ProposedBy, StageSummary> stages;
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    const Trial& trial = report.trials[t];
    StageSummary& stage = stages[trial.by];
    ++stage.points;
    stage.dropped += trial.is_dropped();
    if (trial.drop) stage.to_drops += trial.drop->utterances;
    for (Index block = 0; block < trial.blocks; ++block)
      stage.utterances += std::ssize(blocks[static_cast<std::size_t>(block)]);
    stage.macs += trials.macs(static_cast<Index>(t), trial.blocks);
    if (trial.is_within_budget() && (!stage.least || trial.whole->cost < *stage.least))
      stage.least = trial.whole->cost;
  }
  report.stages.assign(stages.begin(), stages.end());
}

// Tells people of each batch when it is over, in the place of a bar of progress. `before` is the
// number of trials that belong to another search.
BatchDone say_batches(const Calibration& c, std::size_t before, const std::string& tried) {
  if (c.display().out == nullptr) return [](std::span<const Trial>) {};
  return [&c, before, tried](std::span<const Trial> trials) {
    const std::span<const Trial> all = trials.subspan(before);
    const auto best = cheapest_within_budget(all);
    std::cerr << (c.display().terminal ? kClearLine : "")
              << printable(concat(counted(all.size(), "point"), tried, ", ",
                                  std::ranges::count_if(all, &Trial::is_dropped), " dropped; ",
                                  best ? concat("least ", c.options.least, " within the budget ",
                                                cost_text(c.least.kind, all[*best].whole->cost))
                                       : std::string("none within the budget"),
                                  "\n"));
  };
}

// Returns the loss in points of the set if every utterance lost what one of them loses at least:
// one error. Of BLEU and chrF, which no error adds to, it is all that the dense network has.
double loss_of_one(const Calibration& c, const Metric& dense) {
  if (!is_error_metric(c.budget.metric)) return *dense.value;
  return 100 * static_cast<double>(dense.statistics.sentences()) / dense.statistics.sum()[1];
}

// Adds the candidates with the intervals of their losses, which hold for all points that ran on the
// whole set at once, and finds what one utterance that differs loses.
void add_candidates(const Calibration& c, CalibrationReport& report, JournalTrials& trials,
                    const Metric& dense) {
  const Resamples resamples(c.session.items(), c.options.resamples, c.options.request.seed);
  SimultaneousLosses simultaneous(c.options.resamples);
  std::vector<std::size_t> added(report.trials.size());  // place among the simultaneous losses
  std::vector<double> of_items;  // losses of utterances, over all points that ran
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    if (!report.trials[t].whole) continue;
    const PointTotal total = trials.whole(static_cast<Index>(t));
    const std::vector<double> losses =
        resampled_losses(dense.statistics, trials.metric_of(total).statistics, dense.score,
                         c.budget.kind(), resamples);
    added[t] = simultaneous.size();
    simultaneous.add(report.trials[t].whole->loss / c.budget.in_unit(1), losses);
    for (const double loss : utterance_losses(dense.statistics, trials.metric_of(total).statistics,
                                              dense.score, c.budget.kind().less_is_better))
      of_items.push_back(loss);
  }
  const auto intervals = simultaneous.intervals(c.options.confidence);
  for (const std::size_t t : candidates(report.trials, report.dense_cost,
                                        static_cast<std::size_t>(c.options.candidates))) {
    const CostAndLoss& whole = *report.trials[t].whole;
    Candidate& candidate = report.candidates.emplace_back(Candidate{t, whole.cost, whole.loss});
    if (const std::optional<Interval>& interval = intervals[added[t]])
      candidate.interval = {c.budget.in_unit(interval->low), c.budget.in_unit(interval->high)};
  }
  report.scale_of_one =
      std::max(loss_of_one(c, dense), is_error_metric(c.budget.metric) ? tail_loss(of_items) : 0);
}

// Says what the size of the confirm set can tell, before the search and without a look at the set.
Power power_of(const Calibration& c, const CalibrationReport& report, const Metric& dense) {
  const double unit = c.budget.relative ? *report.development.dense / 100 : 1;  // points in one
  const double one = loss_of_one(c, dense) / unit;
  Power power{.items = c.confirm_session.items(),
              .least = none_differs_bound(c.confirm_session.items(), c.options.confidence, one)};
  if (power.least > c.budget.most && c.budget.most > 0)
    power.wanted = items_wanted(c.budget.most, c.options.confidence, one);
  return power;
}

}  // namespace

void develop(const Calibration& c, CalibrationReport& report) {
  const Blocks blocks = blocks_of(c, c.session);
  std::optional<SweepJournal> journal;
  const Index at_random =
      c.options.beside_random ? std::min(kAtRandom * c.options.points, kMostAtRandom) : 0;
  const Index points = c.options.points + at_random;
  open_journal(journal, c.out, kDevelopmentFolder, c.ranks.rank() + 1, c.ranks,
               head_of(c, c.session, c.development, blocks.size()),
               {points + 1, std::ssize(blocks)});
  JournalTrials trials(
      setup_of(c, c.session, blocks, *journal, points, c.options.points, c.display()));
  trials.run_dense();
  const PointTotal dense = trials.whole(trials.dense());
  const Metric& metric = trials.metric_of(dense);
  report.title = metric.title;
  report.development = summary_of(c, c.development, c.session, metric);
  report.power = power_of(c, report, metric);
  if (c.chip() == nullptr || !hw::cannot_price(*c.chip(), dense.activity))
    report.dense_cost = cost_of(c.least, c.chip(), dense);
  if (c.display().out != nullptr)
    std::cerr << printable(concat("dense: ", text_of(report, report.development), "\n",
                                  paragraph(text_of(report, report.power), 0)));
  SearchRules rules{.dimensions = c.dimensions,
                    .points = static_cast<std::size_t>(c.options.points),
                    .seed = c.options.request.seed,
                    .budget = c.budget.most};
  if (is_error_metric(c.budget.metric))
    rules.race = std::make_shared<const Race>(trials.race(c.options.race));
  report.trials =
      search(rules, trials, say_batches(c, 0, concat(" of ", c.options.points, " tried")));
  if (at_random > 0)
    search_at_random(rules, trials, static_cast<std::size_t>(at_random), report.trials,
                     say_batches(c, report.trials.size(), " tried at random"));
  add_stages(report, trials, blocks);
  add_candidates(c, report, trials, metric);
}

// A candidate is run when its turn comes, so that nothing is known of those behind the first
// failure.
void confirm(const Calibration& c, CalibrationReport& report) {
  report.confirm = {.name = set_name(c.confirm), .items = c.confirm_session.items()};
  if (report.candidates.empty()) return;
  const Blocks blocks = blocks_of(c, c.confirm_session);
  const auto points = static_cast<Index>(report.candidates.size());
  ordered_json head = head_of(c, c.confirm_session, c.confirm, blocks.size());
  ordered_json settings = ordered_json::array();
  for (const Candidate& candidate : report.candidates)
    settings.push_back(settings_to_json(report.trials[candidate.trial].settings));
  head.update({{"candidates", settings},
               {"confidence", c.options.confidence},
               {"resamples", c.options.resamples}});
  if (c.ranks.rank() == 0) {
    const std::vector<std::string> before = looked_at_before(c.options.out, head);
    if (!before.empty())
      report.warnings.push_back(
          concat("the confirm set was looked at before with this model, in ", separated(before),
                 "; what is chosen after a look at it is not confirmed by it, and the confidence "
                 "holds for the first look alone"));
  }
  std::optional<SweepJournal> journal;
  open_journal(journal, c.out, kConfirmFolder, c.ranks.rank() + 1, c.ranks, head,
               {points + 1, std::ssize(blocks)});
  JournalTrials trials(setup_of(c, c.confirm_session, blocks, *journal, points, points, {}));
  trials.run_dense();
  const PointTotal dense = trials.whole(trials.dense());
  const Metric& metric = trials.metric_of(dense);
  report.confirm = summary_of(c, c.confirm, c.confirm_session, metric);
  report.confirm_macs = trials.macs(trials.dense(), trials.blocks());
  const Resamples resamples(c.confirm_session.items(), c.options.resamples, c.options.request.seed);
  std::vector<double> bounds;
  for (Index number = 0; number < points; ++number) {
    Candidate& candidate = report.candidates[static_cast<std::size_t>(number)];
    trials.add(report.trials[candidate.trial].settings);
    for (Index block = 0; block < trials.blocks(); ++block) trials.run(block, {&number, 1});
    report.confirm_macs += trials.macs(number, trials.blocks());
    const PointTotal total = trials.whole(number);
    candidate.bound =
        upper_bound(metric.statistics, trials.metric_of(total).statistics, metric.score,
                    c.budget.kind(), resamples, c.options.confidence, report.scale_of_one);
    EDGEVAL_ASSERT(candidate.bound);  // the dense network has a score that is not 0
    candidate.bound->loss = c.budget.in_unit(candidate.bound->loss);
    candidate.bound->bound = c.budget.in_unit(candidate.bound->bound);
    bounds.push_back(candidate.bound->bound);
    candidate.passed = test_in_order(bounds, c.budget.most).passed == bounds.size();
    if (!candidate.passed) return;
    report.winner = static_cast<std::size_t>(number);  // the last that passed is the cheapest
  }
}

}  // namespace edgeval
