#include "eval/command/calibrate/calibrate_run.hpp"

#include <algorithm>
#include <iostream>

#include "eval/command/calibrate/calibrate_steps.hpp"
#include "eval/command/sweep/results_head.hpp"
#include "eval/command/sweep/sweep_points.hpp"
#include "eval/policy/settings.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/sweep_output.hpp"
#include "eval/search/policy_points.hpp"
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

constexpr const char* kBestFile = "best.yaml";
constexpr const char* kInterrupted =
    "edgeval: interrupted; what was found is kept, --resume goes on\n";

void expect_free(const CalibrateOptions& options) {
  const bool exists = is_there(options.out);
  EDGEVAL_EXPECTS(!exists || is_folder(options.out), options.out,
                  ": the folder cannot be made: a file has this name");
  const bool empty = !exists || entries_of(options.out).empty();
  const bool holds = !empty && is_there(fs::path(options.out) / kDevelopmentFolder);
  EDGEVAL_EXPECTS(holds || empty, options.out,
                  ": holds files that are no calibration's; name another folder");
  EDGEVAL_EXPECTS(holds || !options.resume, options.out,
                  ": holds no calibration that --resume could go on with");
  EDGEVAL_EXPECTS(!holds || options.resume, options.out,
                  ": holds a calibration; --resume goes on with it, another --out begins anew");
}

// Gives a task other files for its option --reference, and leaves all else as it is.
class OtherReferences final : public TaskOptions {
 public:
  explicit OtherReferences(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  void text_rules(TextRules& /*rules*/) override {}
  void files(const char* name, std::vector<std::string>& paths, const char* /*meaning*/) override {
    if (std::string(name) == "--reference") paths = paths_;
  }
  void integer(const char*, int&, Index, Index, const char*) override {}
  void number(const char*, double&, double, double, const char*, const char*) override {}
  void word(const char*, std::string&, const std::vector<std::string>&, const char*) override {}
  void flag(const char*, bool&, const char*) override {}

 private:
  const std::vector<std::string> paths_;
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

// The dense network with the beam of the base policy, or the common one where the points must give
// what the policy lacks.
Point dense_of(const PolicyBase& base, Session& session, Profiles& profiles) {
  Point like;
  try {
    like = point_of({}, base, session, profiles);
  } catch (const Error&) {
    like = session.resolve(Policy{}, profiles.get());
  }
  return reference_of(session.trained(), like);
}

// Returns best.yaml.
std::string best_policy(const Calibration& c, const CalibrationReport& report) {
  if (report.winner) {
    std::vector<std::string> settings = c.options.policy.settings;
    const std::vector<std::string>& of_point =
        report.trials[report.candidates[*report.winner].trial].settings;
    settings.insert(settings.end(), of_point.begin(), of_point.end());
    const std::optional<fs::path> file =
        c.options.policy.file ? std::optional<fs::path>(*c.options.policy.file) : std::nullopt;
    return PolicyBase(file, settings).to_yaml(c.profile.empty() ? "" : kSweepProfileFile);
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
  std::string points;
  for (std::size_t t = 0; t < report.trials.size(); ++t)
    points +=
        ordered_json{{"point", t + 1}, {"settings", settings_to_json(report.trials[t].settings)}}
            .dump() +
        "\n";
  write_file(folder / kSweepPointsFile, points);
  write_file(folder / kSweepTableFile, csv_of(report));
  write_file(folder / "calibration.json", to_text(json_of(report)));
  write_file(folder / kBestFile, best_policy(c, report));
  if (c.options.output.format == "json")
    std::cout << to_text(json_of(report));
  else
    std::cout << printable(text_of(report) + concat("wrote ", (folder / kBestFile).string(), ", ",
                                                    (folder / "calibration.json").string(), ", ",
                                                    (folder / kSweepTableFile).string(), "\n"));
}

void calibrate(const Calibration& c) {
  CalibrationReport report{.item = c.task.item,
                           .budget = c.budget,
                           .title = "",
                           .least = c.options.least,
                           .confidence = c.options.confidence,
                           .development = {},
                           .confirm = {},
                           .trials = {},
                           .stages = {}};
  const SaidAtSignals said(c.ranks.rank() == 0 ? kInterrupted : "");
  if (c.session.data() == c.confirm_session.data())
    report.warnings.push_back(
        "the development and the confirm set are the same, so nothing is confirmed: points were "
        "chosen by the utterances that judge them");
  develop(c, report);
  confirm(c, report);
  c.ranks.wait();
  if (c.ranks.rank() != 0) return;
  write_notes(std::cerr, c.session.late_notes(), c.options.output.quiet);
  write(c, report);
}

void run(const CalibrateOptions& options, const Ranks& ranks) {
  if (ranks.rank() == 0) expect_free(options);
  const AnyModel model = load_any_model(options.model);
  const Task& task = task_of(options.tasks, model);
  expect_no_others(options.given, task, *network_of(model));
  Request development = options.request;
  development.engine = engine_of(development.engine, ranks);
  const Request confirm = confirm_request(options, development);
  const std::unique_ptr<Session> session = task.open(model, development);
  if (const char* option = session->only_of_a_run())
    throw Error(concat(option, ": a calibration does not measure it; leave it out"));
  if (!options.confirm_data.empty()) {
    OtherReferences others(options.confirm_references);
    for (const std::unique_ptr<Task>& each : options.tasks) each->options(others);
  }
  const std::unique_ptr<Session> confirm_session = task.open(model, confirm);
  for (Session* each : {session.get(), confirm_session.get()}) {
    EDGEVAL_EXPECTS(!each->metrics().empty(), "a calibration needs references; name them by ",
                    each == session.get() ? "--reference" : "--confirm-reference");
    each->batches();  // finds out how long the items are
    each->read_all();
  }
  const std::vector<std::string> metrics = session->metrics();
  const LossBudget budget{options.metric.empty() ? metrics.front() : options.metric,
                          options.max_loss, options.relative};
  EDGEVAL_EXPECTS(std::ranges::find(metrics, budget.metric) != metrics.end(), "--metric ",
                  budget.metric, ": is not measured here; known are ", separated(metrics));
  const std::optional<fs::path> file =
      options.policy.file ? std::optional<fs::path>(*options.policy.file) : std::nullopt;
  const PolicyBase base(file, options.policy.settings);
  Profiles profiles(options.policy.profile ? fs::path(*options.policy.profile)
                                           : fs::path(base.profile().value_or("")),
                    *session);
  const Least least = parse_least(options.least);
  std::optional<hw::Accelerator> accelerator;
  if (!least.accelerator.empty())
    accelerator = hw::find_accelerator(least.accelerator, accelerator_folder(), kLayerKinds);
  const MakePoint make = [&](const std::vector<std::string>& settings) {
    Point point = point_of(settings, base, *session, profiles);
    if (accelerator) {
      Point unweighted = point;
      unweighted.weights = Neutral<Weights>{};
      const auto reason = hw::cannot_price(*accelerator, session->busiest(unweighted));
      EDGEVAL_EXPECTS(!reason, source_of(settings), ": ", accelerator->name,
                      " cannot price it: ", reason.value_or(""));
    }
    return point;
  };
  std::string refused;
  const std::vector<Dimension> dimensions =
      varied_dimensions(options.vary, session->trained(), make, refused);
  EDGEVAL_EXPECTS(
      refused.empty(),
      "the rules of policies refused every point that was tried, the first for: ", refused);
  const Point dense = dense_of(base, *session, profiles);
  const std::string policy = base.to_yaml(profiles.named() ? kSweepProfileFile : ""),
                    profile = profiles.named() ? read_file(profiles.path()) : "";
  calibrate({options, ranks, task.info(), development, confirm, *session, *confirm_session, base,
             make, dense, dimensions, policy, profile, budget, least, accelerator});
}

}  // namespace

void run_calibrate(const CalibrateOptions& options) {
  const Ranks ranks(false);
  run_on_ranks(ranks, [&] { run(options, ranks); });
}

}  // namespace edgeval
