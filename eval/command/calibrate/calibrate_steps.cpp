#include "eval/command/calibrate/calibrate_steps.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "eval/command/sweep/results_head.hpp"
#include "eval/policy/settings.hpp"
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
  return request.data.selection.split.empty() ? request.data.path : request.data.selection.split;
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

// Whether a file is the journal of work on the data and with the model of this head. What cannot be
// read as a journal is none.
bool is_of(const fs::path& file, const ordered_json& head) {
  try {
    const std::optional<std::string> entry = first_entry(file);
    const ordered_json other = entry ? ordered_json::parse(*entry).at("head") : ordered_json();
    return other.at("data").at("sha256") == head.at("data").at("sha256") &&
           other.at("model") == head.at("model");
  } catch (const Error&) {
    return false;
  } catch (const ordered_json::exception&) {
    return false;
  }
}

// Returns the entries of a folder; none where it is no folder or may not be listed.
std::vector<fs::path> entries_seen(const fs::path& folder) {
  try {
    return is_folder(folder) ? entries_of(folder) : std::vector<fs::path>();
  } catch (const Error&) {
    return {};
  }
}

// Returns the folders of journals, in folders beside this one, which show that the confirm set was
// looked at before with this model.
std::vector<std::string> opened_before(const fs::path& out, const ordered_json& head) {
  std::vector<std::string> found;
  const fs::path own = fs::weakly_canonical(out);
  for (const fs::path& folder : entries_seen(own.parent_path()))
    for (const char* name : {kConfirmFolder, kDevelopmentFolder, kJournalFolder}) {
      if (folder == own) continue;
      const std::vector<fs::path> files = entries_seen(folder / name);
      const bool shows = std::ranges::any_of(files, [&](const fs::path& file) {
        return file.extension() == ".jsonl" && is_of(file, head);
      });
      if (shows) found.push_back((folder / name).string());
    }
  return found;
}

void add_stages(CalibrationReport& report, const JournalTrials& trials, const Blocks& blocks) {
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
// one error. Of a metric that counts none no utterance can lose more than all.
double loss_of_one(const Calibration& c, const Metric& dense) {
  if (!is_error_metric(c.budget.metric)) return 100;
  return 100 * static_cast<double>(dense.statistics.sentences()) / dense.statistics.sum()[1];
}

// Adds the candidates with the intervals of their losses, which hold for all points that ran on the
// whole set at once, and finds what one utterance that differs loses.
void add_candidates(const Calibration& c, CalibrationReport& report, JournalTrials& trials,
                    const Metric& dense) {
  const Resamples resamples(c.session.items(), c.options.resamples, c.options.request.seed);
  SimultaneousLosses simultaneous(c.options.resamples);
  std::vector<std::size_t> added(report.trials.size());  // place among the simultaneous losses
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    if (!report.trials[t].whole) continue;
    const PointTotal total = trials.whole(static_cast<Index>(t));
    const std::vector<double> losses =
        resampled_losses(dense.statistics, trials.metric_of(total).statistics, dense.score,
                         c.budget.kind(), resamples);
    added[t] = simultaneous.size();
    simultaneous.add(report.trials[t].whole->loss / c.budget.in_unit(1), losses);
  }
  const auto intervals = simultaneous.intervals(c.options.confidence);
  std::vector<double> losses;  // of utterances, over all candidates
  for (const std::size_t t : candidates(report.trials, report.dense_cost,
                                        static_cast<std::size_t>(c.options.candidates))) {
    const CostAndLoss& whole = *report.trials[t].whole;
    Candidate& candidate = report.candidates.emplace_back(Candidate{t, whole.cost, whole.loss});
    if (const std::optional<Interval>& interval = intervals[added[t]])
      candidate.interval = {c.budget.in_unit(interval->low), c.budget.in_unit(interval->high)};
    const PointTotal total = trials.whole(static_cast<Index>(t));
    for (const double loss : utterance_losses(dense.statistics, trials.metric_of(total).statistics,
                                              dense.score, c.budget.kind().less_is_better))
      losses.push_back(loss);
  }
  report.scale_of_one =
      std::max(loss_of_one(c, dense), is_error_metric(c.budget.metric) ? tail_loss(losses) : 0);
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

void confirm(const Calibration& c, CalibrationReport& report) {
  const Blocks blocks = blocks_of(c, c.confirm_session);
  const auto points = static_cast<Index>(report.candidates.size());
  ordered_json head = head_of(c, c.confirm_session, c.confirm, blocks.size());
  ordered_json settings = ordered_json::array();
  for (const Candidate& candidate : report.candidates)
    settings.push_back(settings_to_json(report.trials[candidate.trial].settings));
  head.update({{"candidates", settings},
               {"confidence", c.options.confidence},
               {"resamples", c.options.resamples}});
  const std::vector<std::string> before = opened_before(c.options.out, head);
  if (!before.empty())
    report.warnings.push_back(concat(
        "the confirm set was looked at before with this model, in ", separated(before),
        "; what is chosen after a look at it is not confirmed by it, and the confidence holds for "
        "the first look alone"));
  std::optional<SweepJournal> journal;
  open_journal(journal, c.out, kConfirmFolder, c.ranks.rank() + 1, c.ranks, head,
               {points + 1, std::ssize(blocks)});
  JournalTrials trials(setup_of(c, c.confirm_session, blocks, *journal, points, points, {}));
  std::vector<Index> numbers;
  for (const Candidate& candidate : report.candidates) {
    trials.add(report.trials[candidate.trial].settings);
    numbers.push_back(std::ssize(numbers));
  }
  trials.run_dense();
  for (Index block = 0; block < trials.blocks(); ++block) trials.run(block, numbers);
  const PointTotal dense = trials.whole(trials.dense());
  const Metric& metric = trials.metric_of(dense);
  report.confirm = summary_of(c, c.confirm, c.confirm_session, metric);
  const Resamples resamples(c.confirm_session.items(), c.options.resamples, c.options.request.seed);
  std::vector<double> bounds;
  for (const Index number : numbers) {
    Candidate& candidate = report.candidates[static_cast<std::size_t>(number)];
    const PointTotal total = trials.whole(number);
    candidate.bound =
        upper_bound(metric.statistics, trials.metric_of(total).statistics, metric.score,
                    c.budget.kind(), resamples, c.options.confidence, report.scale_of_one);
    EDGEVAL_ASSERT(candidate.bound);  // the dense network has a score that is not 0
    candidate.bound->loss = c.budget.in_unit(candidate.bound->loss);
    candidate.bound->bound = c.budget.in_unit(candidate.bound->bound);
    bounds.push_back(candidate.bound->bound);
  }
  const FixedSequence sequence = test_in_order(bounds, c.budget.most);
  for (std::size_t i = 0; i < report.candidates.size(); ++i) {
    report.candidates[i].tested = i < sequence.tested;
    report.candidates[i].passed = i < sequence.passed;
  }
  if (sequence.passed > 0) report.winner = sequence.passed - 1;  // the last is the cheapest
}

}  // namespace edgeval
