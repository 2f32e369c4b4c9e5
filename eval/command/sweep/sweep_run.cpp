#include "eval/command/sweep/sweep_run.hpp"

#include <charconv>
#include <iostream>

#include "eval/command/sweep/out_folder.hpp"
#include "eval/command/sweep/ranks.hpp"
#include "eval/command/sweep/results_head.hpp"
#include "eval/command/sweep/sweep_tables.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/sweep_output.hpp"
#include "eval/search/blocks.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/unfinished.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr int kMostShards = 1'000'000;

// Chooses the accelerators that can price every point, before the long work.
ChosenAccelerators accelerators_for(const SweepOptions& options, Session& session,
                                    const AllPoints& all) {
  ChosenAccelerators chosen = choose_accelerators(options.hardware, accelerator_folder(),
                                                  busiest_as_trained(session, all.points[0]));
  for (std::size_t p = 1; p < all.drawn(); ++p) {
    const Activity busiest = busiest_as_trained(session, all.points[p]);
    std::erase_if(chosen.accelerators, [&](const hw::Accelerator& accelerator) {
      const auto reason = hw::cannot_price(accelerator, busiest);
      if (!reason) return false;
      EDGEVAL_EXPECTS(options.hardware.empty(), accelerator.file, ": ", accelerator.name,
                      " cannot price point ", all.name(p), ": ", *reason);
      chosen.left_out.push_back({accelerator.name, *reason});
      return true;
    });
  }
  return chosen;
}

constexpr const char* kSharedFolder =
    "--out must be a folder that all machines share; or take --shard and edgeval merge";

OutFolder out_folder(const SweepOptions& options) {
  return {.path = options.out,
          .work = "sweep",
          .journal = kJournalFolder,
          .shared = kSharedFolder,
          .resumes = options.resume,
          .may_be_there = !options.shard.empty()};
}

// Returns the share that --shard or mpirun gives this process.
Share share_of(const SweepOptions& options, const Ranks& ranks) {
  if (options.shard.empty()) return {ranks.rank(), ranks.size()};
  EDGEVAL_EXPECTS(ranks.size() == 1, "--shard: mpirun shares the work already");
  const std::size_t slash = options.shard.find('/');
  const auto number = [&](const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    EDGEVAL_EXPECTS(slash != std::string::npos && error == std::errc() &&
                        end == text.data() + text.size() && value >= 1 && value <= kMostShards,
                    "--shard ", options.shard, ": must be i/n, such as 2/5");
    return value;
  };
  const Share share{number(options.shard.substr(0, slash)) - 1,
                    number(options.shard.substr(slash == std::string::npos ? 0 : slash + 1))};
  EDGEVAL_EXPECTS(share.part < share.parts, "--shard ", options.shard,
                  ": has only the shares 1 to ", share.parts);
  return share;
}

struct Texts {
  std::string points, policy, profile;  // of the files; the profile is empty where there is none
};

// Returns what the results depend on. Another sweep may not go on with the journal.
nlohmann::ordered_json head_of(const SweepOptions& options, Session& session, const AllPoints& all,
                               const Texts& texts, std::size_t blocks) {
  nlohmann::ordered_json head{{"sweep", 1}};
  head.update(results_head(session, options.request, all.have_floats()));
  head.update({{"policy", sha256(texts.policy)},
               {"profile", texts.profile.empty() ? nlohmann::ordered_json(nullptr)
                                                 : nlohmann::ordered_json(sha256(texts.profile))},
               {"points", {{"count", all.drawn()}, {"sha256", sha256(texts.points)}}},
               {"references", all.points.size() - all.drawn()},
               {"block", options.block},
               {"blocks", blocks},
               {"seed", options.request.seed}});
  return head;
}

void write(const Texts& texts, const fs::path& folder) {
  write_file(folder / kSweepPolicyFile, texts.policy);
  if (!texts.profile.empty()) write_file(folder / kSweepProfileFile, texts.profile);
  write_file(folder / kSweepPointsFile, texts.points);
}

// Runs one process's units, together with the other processes, and writes the tables when the
// sweep is whole.
void run_share(const Sweep& sweep, const Texts& texts, Share share, const Ranks& ranks) {
  const SweepOptions& options = sweep.options;
  const bool is_first = ranks.rank() == 0;
  const fs::path folder(options.out);
  const nlohmann::ordered_json head =
      head_of(options, sweep.session, sweep.all, texts, sweep.blocks.size());
  const SweepJournal::Size size{std::ssize(sweep.all.points), std::ssize(sweep.blocks)};
  std::optional<SweepJournal> journal;
  if (options.dry_run)
    journal.emplace(folder / kJournalFolder, head, size);
  else
    open_journal(journal, out_folder(options), kJournalFolder, share.part + 1, ranks, head, size);
  const Display display = is_first ? options.output.display() : Display{};
  const SaidAtSignals said(is_first && !options.dry_run ? interrupted_text(display) : "");
  std::vector<SweepUnit> units =
      share_of_units(sweep.session, sweep.all.points, sweep.blocks, share);
  leave_out_done(units, *journal);
  SweepPlan plan{journal->results(), {}};
  const bool says_plan = is_first && (options.dry_run || !options.output.quiet);
  if (says_plan && !units.empty())
    plan.estimate = estimate(sweep.session, sweep.all.points, sweep.blocks, units);
  if (options.dry_run) {
    if (is_first) print_plan(sweep, plan);
    return;
  }
  if (says_plan) std::cerr << printable(plan_text(sweep, plan)) << std::flush;

  if (is_first) write(texts, folder);
  run_units(sweep.session, sweep.all.points, {sweep.blocks, options.request.engine.batch}, units,
            *journal, sweep.task.item, display);
  ranks.wait();
  if (!is_first) return;
  write_notes(std::cerr, sweep.session.notes(), options.output.quiet);
  write_notes(std::cerr, sweep.session.late_notes(), options.output.quiet);
  if (!options.shard.empty()) {
    std::cout << printable(
        concat("share ", options.shard,
               " is done; when all are, `edgeval sweep` with --resume and without "
               "--shard writes the tables (edgeval merge joins shares of several folders)\n"));
    return;
  }
  if (ranks.size() > 1) journal.emplace(folder / kJournalFolder, head, size);
  EDGEVAL_EXPECTS(journal->results() == size.points * size.blocks, options.out,
                  ": its journals have ", journal->results(), " of ", size.points * size.blocks,
                  " results after the work of all processes; ", kSharedFolder);
  write_tables(sweep, *journal);
}

void run(const SweepOptions& options, const Ranks& ranks) {
  const Share share = share_of(options, ranks);
  if (ranks.rank() == 0) expect_free(out_folder(options));
  const AnyModel model = load_any_model(options.model);
  const Task& task = task_of(options.tasks, model);
  expect_no_others(options.given, task, *network_of(model));
  Request request = options.request;
  request.engine = engine_of(options.request.engine, ranks);
  const std::unique_ptr<Session> session = task.open(model, request);
  if (const char* option = session->only_of_a_run())
    throw Error(concat(option,
                       ": a sweep does not measure it; leave it out here, and give it to "
                       "`edgeval run` of the point"));
  const PolicyBase base(options.policy.file, options.policy.settings);
  Profiles profiles(profile_of(options.policy, base), *session);
  const MakePoint make = [&](const std::vector<std::string>& settings) {
    return point_of(settings, base, *session, profiles);
  };
  MadePoints made = make_points(options.points, request.seed, session->trained(), make);
  const AllPoints all = with_references(*session, std::move(made.points), !options.no_reference);
  const ChosenAccelerators hardware = accelerators_for(options, *session, all);
  session->batches();  // finds out how long the items are
  session->read_all();
  const Blocks blocks = cut_into_blocks(session->items(), options.block, request.seed);
  const Sweep sweep{options, task.info(), *session, made, all, hardware, blocks};

  const Texts texts{points_text(all.settings),
                    base.to_yaml(profiles.named() ? kSweepProfileFile : ""),
                    profiles.named() ? read_file(profiles.path()) : ""};
  run_share(sweep, texts, share, ranks);
}

}  // namespace

void run_sweep(const SweepOptions& options) {
  const Ranks ranks(!options.shard.empty());
  run_on_ranks(ranks, [&] { run(options, ranks); });
}

}  // namespace edgeval
