#include "eval/command/calibrate/calibrate_steps.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "eval/command/sweep/results_head.hpp"
#include "eval/policy/settings.hpp"
#include "eval/score/statistics/fixed_sequence.hpp"
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

std::string set_name(const Request& request) {
  return request.data.selection.split.empty() ? request.data.path : request.data.selection.split;
}

Index block_size(const CalibrateOptions& options, Index items) {
  return options.block > 0 ? options.block : std::clamp<Index>(items / 16, 8, 256);
}

const Metric& metric_of(const PointTotal& total, const std::string& name) {
  const Metric* metric = find_metric(total.metrics, name);
  EDGEVAL_ASSERT(metric != nullptr);
  return *metric;
}

CalibrationSet summary_of(const Request& request, const Session& session, const Metric& dense) {
  return {set_name(request), session.items(), dense.value, dense.ci95};
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

// Opens this process's journal in a folder; the first process makes the folder.
void open(std::optional<SweepJournal>& journal, const Ranks& ranks, const fs::path& folder,
          const ordered_json& head, SweepJournal::Size size) {
  if (ranks.rank() > 0) ranks.wait();
  journal.emplace(folder, head, size, std::to_string(ranks.rank() + 1));
  if (ranks.rank() == 0) ranks.wait();
  ranks.wait();
  journal->refresh();
  ranks.wait();
}

TrialSetup setup_of(const Calibration& c, Session& session, const Blocks& blocks,
                    SweepJournal& journal, Index points) {
  return {.session = session,
          .blocks = blocks,
          .journal = journal,
          .make = c.make,
          .dense = c.dense,
          .points = points,
          .at_once = c.options.request.engine.batch,
          .budget = c.budget,
          .least = c.least,
          .accelerator = c.accelerator ? &*c.accelerator : nullptr,
          .seed = c.options.request.seed,
          .share = {c.ranks.rank(), c.ranks.size()},
          .wait = [&ranks = c.ranks] { ranks.wait(); }};
}

// The names of other folders beside this one, and why, whose journals show that the confirm set
// with this model was looked at before.
std::vector<std::string> opened_before(const fs::path& out, const ordered_json& head) {
  std::vector<std::string> found;
  const fs::path own = fs::weakly_canonical(out);
  for (const fs::path& folder : entries_of(own.parent_path())) {
    if (folder == own || !is_folder(folder)) continue;
    for (const char* name : {kConfirmFolder, kDevelopmentFolder, kJournalFolder}) {
      if (!is_folder(folder / name)) continue;
      for (const fs::path& file : entries_of(folder / name)) {
        if (file.extension() != ".jsonl") continue;
        const std::optional<std::string> entry = first_entry(file);
        const ordered_json other =
            entry ? ordered_json::parse(*entry, nullptr, false) : ordered_json();
        if (!other.is_object() || !other.contains("head")) continue;
        const ordered_json& of = other["head"];
        if (!of.is_object() || of.value("data", ordered_json()) != head.at("data") ||
            of.value("model", ordered_json()) != head.at("model"))
          continue;
        found.push_back((folder / name).string());
        break;
      }
    }
  }
  return found;
}

void add_stages(CalibrationReport& report, const JournalTrials& trials, const Blocks& blocks) {
  std::map<ProposedBy, StageSummary> stages;
  for (std::size_t t = 0; t < report.trials.size(); ++t) {
    const Trial& trial = report.trials[t];
    StageSummary& stage = stages[trial.by];
    ++stage.points;
    stage.dropped += trial.drop.has_value();
    for (Index block = 0; block < trial.blocks; ++block)
      stage.utterances += std::ssize(blocks[static_cast<std::size_t>(block)]);
    stage.macs += trials.macs(static_cast<Index>(t), trial.blocks);
    if (trial.is_within_budget() && (!stage.least || trial.whole->cost < *stage.least))
      stage.least = trial.whole->cost;
  }
  report.stages.assign(stages.begin(), stages.end());
}

}  // namespace

void develop(const Calibration& c, CalibrationReport& report) {
  const Blocks blocks = cut_into_blocks(c.session.items(), block_size(c.options, c.session.items()),
                                        c.options.request.seed);
  std::optional<SweepJournal> journal;
  open(journal, c.ranks, fs::path(c.options.out) / kDevelopmentFolder,
       head_of(c, c.session, c.development, blocks.size()),
       {c.options.points + 1, std::ssize(blocks)});
  JournalTrials trials(setup_of(c, c.session, blocks, *journal, c.options.points));
  const bool says = c.ranks.rank() == 0 && !c.options.output.quiet;
  trials.run_dense();
  const PointTotal dense = trials.whole(trials.dense());
  const Metric& of_dense = metric_of(dense, c.budget.metric);
  report.title = of_dense.title;
  report.development = summary_of(c.development, c.session, of_dense);
  EDGEVAL_EXPECTS(of_dense.value, "--max-loss: ", of_dense.title,
                  " has no value on the development set, as its references hold no words");
  if (!c.accelerator || !hw::cannot_price(*c.accelerator, dense.activity))
    report.dense_cost = cost_of(c.least, c.accelerator ? &*c.accelerator : nullptr, dense);
  if (says && of_dense.ci95)
    std::cerr << printable(concat(
        "dense: ", of_dense.title, " ", fixed(*of_dense.value, 2), " on ", report.development.name,
        ", 95 % from ", fixed(of_dense.ci95->low, 2), " to ", fixed(of_dense.ci95->high, 2), "\n"));
  SearchRules rules{.dimensions = c.dimensions,
                    .points = static_cast<std::size_t>(c.options.points),
                    .seed = c.options.request.seed,
                    .budget = c.budget.most};
  EDGEVAL_EXPECTS(is_error_metric(c.budget.metric) || !c.options.race, "--race ", *c.options.race,
                  ": only metrics that count errors are raced, and ", of_dense.title, " does not");
  if (is_error_metric(c.budget.metric))
    rules.race = std::make_shared<const Race>(trials.race(c.options.race));
  report.trials = search(rules, trials, [&](std::span<const Trial> all) {
    if (!says) return;
    const auto best = cheapest_within_budget(all);
    std::cerr << printable(concat(
        counted(all.size(), "point"), " of ", c.options.points, " tried, ",
        std::ranges::count_if(all, [](const Trial& trial) { return trial.drop.has_value(); }),
        " dropped; ",
        best ? concat("least ", c.options.least, " within the budget ",
                      printed("%.4g", all[*best].whole->cost))
             : std::string("none within the budget"),
        "\n"));
  });
  add_stages(report, trials, blocks);
  const std::vector<std::size_t> chosen =
      candidates(report.trials, report.dense_cost, static_cast<std::size_t>(c.options.candidates));
  // What an utterance that differs loses, over all candidates.
  std::vector<double> losses;
  for (const std::size_t trial : chosen) {
    const CostAndLoss& whole = *report.trials[trial].whole;
    report.candidates.push_back({trial, whole.cost, whole.loss});
    const PointTotal total = trials.whole(static_cast<Index>(trial));
    const Metric& metric = metric_of(total, c.budget.metric);
    for (const double loss : utterance_losses(of_dense.statistics, metric.statistics, metric.score,
                                              is_error_metric(c.budget.metric)))
      losses.push_back(loss);
  }
  report.scale_of_one = 100;
  if (is_error_metric(c.budget.metric)) {
    const std::vector<double> sums = of_dense.statistics.sum();
    const double one_error = 100 * static_cast<double>(of_dense.statistics.sentences()) / sums[1];
    report.scale_of_one = std::max(one_error, tail_loss(losses));
  }
}

void confirm(const Calibration& c, CalibrationReport& report) {
  const Blocks blocks =
      cut_into_blocks(c.confirm_session.items(), block_size(c.options, c.confirm_session.items()),
                      c.options.request.seed);
  const auto points = static_cast<Index>(report.candidates.size());
  ordered_json head = head_of(c, c.confirm_session, c.confirm, blocks.size());
  ordered_json settings = ordered_json::array();
  for (const Candidate& candidate : report.candidates)
    settings.push_back(settings_to_json(report.trials[candidate.trial].settings));
  head["candidates"] = settings;
  const std::vector<std::string> before = opened_before(c.options.out, head);
  if (!before.empty())
    report.warnings.push_back(concat(
        "the confirm set was looked at before with this model, in ", separated(before),
        "; what is chosen after a look at it is not confirmed by it, and the confidence holds for "
        "the first look alone"));
  std::optional<SweepJournal> journal;
  open(journal, c.ranks, fs::path(c.options.out) / kConfirmFolder, head,
       {points + 1, std::ssize(blocks)});
  JournalTrials trials(setup_of(c, c.confirm_session, blocks, *journal, points));
  std::vector<Index> numbers;
  for (const Candidate& candidate : report.candidates) {
    trials.add(report.trials[candidate.trial].settings);
    numbers.push_back(std::ssize(numbers));
  }
  trials.run_dense();
  for (Index block = 0; block < trials.blocks(); ++block) trials.run(block, numbers);
  const PointTotal dense = trials.whole(trials.dense());
  const Metric& of_dense = metric_of(dense, c.budget.metric);
  report.confirm = summary_of(c.confirm, c.confirm_session, of_dense);
  const Resamples resamples(c.confirm_session.items(), c.options.resamples, c.options.request.seed);
  std::vector<double> bounds;
  for (const Index number : numbers) {
    Candidate& candidate = report.candidates[static_cast<std::size_t>(number)];
    const PointTotal total = trials.whole(number);
    const Metric& metric = metric_of(total, c.budget.metric);
    candidate.bound =
        upper_bound(of_dense.statistics, metric.statistics, metric.score, c.budget.kind(),
                    resamples, c.options.confidence, report.scale_of_one);
    EDGEVAL_EXPECTS(candidate.bound, "--confirm: ", of_dense.title,
                    " has no value on the confirm set, as its references hold no words");
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
