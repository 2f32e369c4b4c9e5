#include "eval/command/calibrate/calibrate_run.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "eval/command/calibrate/calibrate_steps.hpp"
#include "eval/command/calibrate/first_look.hpp"
#include "eval/command/sweep/results_head.hpp"
#include "eval/command/sweep/sweep_points.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/sweep_output.hpp"
#include "eval/search/draws.hpp"
#include "eval/search/policy_points.hpp"
#include "eval/search/sampler/coordinates.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/unfinished.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"
#include "host/layer/kinds.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// So many resamples must lie beyond a bound, so that it is no chance result of a few.
constexpr double kFewestBeyond = 20;
// So many points say how wide a beam may become.
constexpr int kPointsForTheWidest = 64;

// Gives a task other files for its option --reference, and leaves all else as it is.
class OtherReferences final : public TaskOptions {
 public:
  explicit OtherReferences(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  void text_rules(TextRules& /*rules*/) override {}
  void files(const char* name, std::vector<std::string>& paths, const char* /*meaning*/) override {
    if (std::string(name) == "--reference") paths = paths_, taken_ = true;
  }
  // Whether the task has the option.
  bool taken() const { return taken_; }

  void integer(const char*, int&, Index, Index, const char*) override {}
  void number(const char*, double&, double, double, const char*, const char*) override {}
  void word(const char*, std::string&, const std::vector<std::string>&, const char*) override {}
  void flag(const char*, bool&, const char*) override {}

 private:
  const std::vector<std::string> paths_;
  bool taken_ = false;
};

Request confirm_request(const CalibrateOptions& options, const Request& development) {
  EDGEVAL_EXPECTS(options.confirm.empty() != options.confirm_data.empty(),
                  options.confirm.empty()
                      ? "--confirm or --confirm-data is wanted: where the loss is confirmed, such "
                        "as --confirm test"
                      : "--confirm and --confirm-data: name one of them");
  EDGEVAL_EXPECTS(options.confirm_references.empty() || !options.confirm_data.empty(),
                  "--confirm-reference: belongs to --confirm-data, which is missing");
  EDGEVAL_EXPECTS(development.data.selection.ids.empty(),
                  "--utterance: a calibration takes whole parts; leave it out");
  Request request = development;
  if (!options.confirm_data.empty()) {
    request.data.path = options.confirm_data;
    request.data.selection.split.clear();
  } else {
    request.data.selection.split = options.confirm;
  }
  return request;
}

// Opens the confirm set, for a translation with references of its own.
std::unique_ptr<Session> open_confirm(const CalibrateOptions& options, const Task& task,
                                      const AnyModel& model, const Request& request) {
  OtherReferences others(options.confirm_references);
  for (const std::unique_ptr<Task>& each : options.tasks)
    if (each.get() == &task && !options.confirm_data.empty()) each->options(others);
  EDGEVAL_EXPECTS(options.confirm_references.empty() || others.taken(),
                  "--confirm-reference: is for translation models; speech has its transcripts");
  try {
    return task.open(model, request);
  } catch (const Error& error) {
    throw Error(concat(
        "the confirm set: ", error.what(),
        options.confirm.empty() ? "" : "; --confirm-data takes other data as a confirm set"));
  }
}

// Returns what is lost and how, as it is asked for.
LossBudget budget_of(const CalibrateOptions& options, const Session& session) {
  const std::vector<std::string> metrics = session.metrics();
  const LossBudget budget{options.metric.empty() ? metrics.front() : options.metric,
                          options.max_loss, options.relative};
  EDGEVAL_EXPECTS(std::ranges::find(metrics, budget.metric) != metrics.end(), "--metric ",
                  budget.metric, ": is not measured here; known are ", separated(metrics));
  EDGEVAL_EXPECTS(is_error_metric(budget.metric) || !options.race, "--race ", *options.race,
                  ": only metrics that count errors are raced, and ", budget.metric,
                  " does not; leave --race out");
  return budget;
}

// Makes the point, and throws Error also where the accelerator, unless it is null, cannot price it.
Point priced_point(const std::vector<std::string>& settings, const PolicyBase& base,
                   Session& session, Profiles& profiles, const hw::Accelerator* accelerator) {
  Point point = point_of(settings, base, session, profiles);
  if (accelerator == nullptr) return point;
  const auto reason = hw::cannot_price(*accelerator, busiest_as_trained(session, point));
  EDGEVAL_EXPECTS(!reason, source_of(settings), ": ", accelerator->name,
                  " cannot price it: ", reason.value_or(""));
  return point;
}

// Returns the base's point with the beam of the point whose beam may become widest, among points
// at the ends of what varies and in between. The dense network's beam is as wide. What varies has
// the same keys at every point, so either all points have a beam or none has.
Point widest_point(const BasePoint& base, const std::vector<Dimension>& dimensions,
                   const MakePoint& make) {
  Point widest = base.point;
  std::vector<std::vector<std::string>> settings;
  for (const double u : {0.0, kLastCoordinate})
    settings.push_back(settings_at(dimensions, Coordinates(dimensions.size(), u)));
  const std::unique_ptr<Draws> draws = sobol_draws(dimensions, 0);
  for (int i = 0; i < kPointsForTheWidest; ++i) settings.push_back(*draws->next());
  bool is_known = base.refusal.empty();
  for (const std::vector<std::string>& of_point : settings) {
    if (!refusal_of(of_point, make).empty()) continue;
    const Point point = make(of_point);
    if (!point.search) break;
    if (!is_known || !widest.search ||
        widest_of(point.search->beam) > widest_of(widest.search->beam))
      widest.search = point.search;
    is_known = true;
  }
  return widest;
}

// Returns best.yaml.
std::string best_policy(const Calibration& c, const CalibrationReport& report) {
  if (report.winner) {
    std::vector<std::string> settings = c.options.policy.settings;
    const std::vector<std::string>& of_point =
        report.trials[report.candidates[*report.winner].trial].settings;
    settings.insert(settings.end(), of_point.begin(), of_point.end());
    return PolicyBase(c.options.policy.file, settings)
        .to_yaml(c.profile.empty() ? "" : kSweepProfileFile);
  }
  std::vector<std::string> dense;
  if (c.dense.search)
    dense = {"beam.type=fixed", concat("beam.width=", widest_of(c.dense.search->beam))};
  return PolicyBase(std::nullopt, dense).to_yaml("");
}

void write(const Calibration& c, const CalibrationReport& report) {
  const fs::path folder(c.options.out);
  write_file(folder / kSweepPolicyFile, c.policy);
  if (!c.profile.empty()) write_file(folder / kSweepProfileFile, c.profile);
  std::vector<std::vector<std::string>> settings;
  for (const Trial& trial : report.trials) settings.push_back(trial.settings);
  write_file(folder / kSweepPointsFile, points_text(settings));
  write_file(folder / kSweepTableFile, csv_of(report));
  write_file(folder / kCalibrationFile, to_text(json_of(report)));
  write_file(folder / kBestFile, best_policy(c, report));
  if (c.options.output.format == "json")
    std::cout << to_text(json_of(report));
  else
    std::cout << printable(text_of(report) + concat("wrote ", (folder / kBestFile).string(), ", ",
                                                    (folder / kCalibrationFile).string(), ", ",
                                                    (folder / kSweepTableFile).string(), "\n"));
}

void calibrate(const Calibration& c) {
  CalibrationReport report{.item = c.task.item,
                           .budget = c.budget,
                           .title = "",
                           .least = c.options.least,
                           .kind = c.least.kind,
                           .confidence = c.options.confidence,
                           .development = {},
                           .confirm = {},
                           .trials = {},
                           .stages = {}};
  const SaidAtSignals said(c.ranks.rank() == 0 ? interrupted_text(c.display()) : "");
  const Index shared = shared_items(c.session, c.confirm_session);
  if (c.session.data().at("sha256") == c.confirm_session.data().at("sha256"))
    report.warnings.push_back(
        "the development and the confirm set are the same, so nothing is confirmed: points were "
        "chosen by the utterances that judge them");
  else if (shared > 0)
    report.warnings.push_back(concat(
        "the development set has ", shared, " of the ", c.confirm_session.items(), " ", c.task.item,
        "s of the confirm set, too, so the confidence does not hold: points were "
        "chosen by some of the ",
        c.task.item, "s that judge them"));
  develop(c, report);
  confirm(c, report);
  c.ranks.wait();
  if (c.ranks.rank() != 0) return;
  for (const Session* session : {&c.session, &c.confirm_session}) {
    write_notes(std::cerr, session->notes(), c.options.output.quiet);
    write_notes(std::cerr, session->late_notes(), c.options.output.quiet);
  }
  write(c, report);
}

void run(const CalibrateOptions& options, const Ranks& ranks) {
  const OutFolder out{.path = options.out,
                      .work = "calibration",
                      .journal = kDevelopmentFolder,
                      .shared = "--out must be a folder that all machines share",
                      .resumes = options.resume};
  if (ranks.rank() == 0) expect_free(out);
  const double beyond = static_cast<double>(options.resamples) * (1 - options.confidence);
  EDGEVAL_EXPECTS(beyond >= kFewestBeyond, "--resamples ", options.resamples,
                  ": too few for --confidence ", options.confidence, "; take at least ",
                  static_cast<Index>(std::ceil(kFewestBeyond / (1 - options.confidence))));
  const Least least = parse_least(options.least);
  std::optional<hw::Accelerator> accelerator;
  if (!least.accelerator.empty())
    accelerator = hw::find_accelerator(least.accelerator, accelerator_folder(), kLayerKinds);
  const AnyModel model = load_any_model(options.model);
  const Task& task = task_of(options.tasks, model);
  expect_no_others(options.given, task, *network_of(model));
  Request development = options.request;
  development.engine = engine_of(development.engine, ranks);
  const Request confirm = confirm_request(options, development);
  const std::unique_ptr<Session> session = task.open(model, development);
  if (const char* option = session->only_of_a_run())
    throw Error(concat(option, ": a calibration does not measure it; leave it out"));
  const std::unique_ptr<Session> confirm_session = open_confirm(options, task, model, confirm);
  for (Session* each : {session.get(), confirm_session.get()}) {
    EDGEVAL_EXPECTS(!each->measure({}, {}).empty(), "a calibration needs references; name them by ",
                    each == session.get() ? "--reference" : "--confirm-reference");
    each->batches();  // finds out how long the items are
    each->read_all();
  }
  const LossBudget budget = budget_of(options, *session);
  const PolicyBase base(options.policy.file, options.policy.settings);
  Profiles profiles(profile_of(options.policy, base), *session);
  const MakePoint make = [&](const std::vector<std::string>& settings) {
    return priced_point(settings, base, *session, profiles, accelerator ? &*accelerator : nullptr);
  };
  std::string refused;
  const std::vector<Dimension> dimensions =
      varied_dimensions(options.vary, session->trained(), make, refused);
  EDGEVAL_EXPECTS(
      refused.empty(),
      "the rules of policies refused every point that was tried, the first for: ", refused);
  const Point like = widest_point(base_point(base, *session, profiles), dimensions, make);
  const Point dense = reference_of(session->trained(), like);
  EDGEVAL_EXPECTS(least.kind != CostKind::kRows || dense.search,
                  "--least rows: only a beam search has rows, and no point has a beam; take macs");
  const std::string policy = base.to_yaml(profiles.named() ? kSweepProfileFile : ""),
                    profile = profiles.named() ? read_file(profiles.path()) : "";
  calibrate({options, out, ranks, task.info(), development, confirm, *session, *confirm_session,
             base, make, dense, dimensions, policy, profile, budget, least, accelerator});
}

}  // namespace

void run_calibrate(const CalibrateOptions& options) {
  const Ranks ranks(false);
  run_on_ranks(ranks, [&] { run(options, ranks); });
}

}  // namespace edgeval
