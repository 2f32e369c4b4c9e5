#include "eval/command/run_command.hpp"

#include <iostream>

#include "eval/command/evaluate.hpp"
#include "eval/command/options/common_options.hpp"
#include "eval/command/options/task_options.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/run_files.hpp"
#include "host/core/error.hpp"
#include "host/core/files/output_folder.hpp"
#include "host/core/text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kRunExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken "
    "\\\n"
    "      --policy datasets/spoken/skip.yaml --hardware reuse32 --out out\n"
    "  edgeval run --model datasets/captions/multi30k-en-de.safetensors --data "
    "datasets/captions/captions.en \\\n"
    "      --reference datasets/captions/captions.de --set beam.type=fixed --set beam.width=5 "
    "--out out\n"
    "A policy names one choice per axis; `edgeval info` lists them all. Without --policy the run "
    "is dense.\n";

struct RunOptions {
  std::string model;
  Request request;
  PolicyChoice policy;
  std::vector<std::string> hardware;
  std::string out = "out";
  bool no_reference = false;
  Tasks tasks = make_tasks();
  std::vector<GivenOptions> given;  // options of each task that were given
  OutputChoice output;
};

std::optional<Profile> profile_for(const RunOptions& options, const Policy& policy,
                                   const Model& model) {
  if (options.policy.profile) return load_profile(*options.policy.profile, model);
  if (policy.profile) return load_profile(*policy.profile, model);
  return std::nullopt;
}

// Throws Error when the accelerator cannot give every price and time that the report needs.
void expect_prices(const hw::Accelerator& accelerator, const Activity& busiest) {
  const Pricing pricing = price_beside_dense(accelerator, busiest, 1);
  EDGEVAL_EXPECTS(pricing.price.seconds > 0 && pricing.dense.seconds > 0, accelerator.file,
                  ": no rule of cycles counts any work of this network");
}

// Chooses the accelerators. This comes before the long work, so that no price can fail after it.
ChosenAccelerators accelerators_for(const RunOptions& options, const Activity& busiest) {
  ChosenAccelerators chosen = choose_accelerators(options.hardware, accelerator_folder(), busiest);
  for (const hw::Accelerator& accelerator : chosen.accelerators)
    expect_prices(accelerator, busiest);
  return chosen;
}

NamedTexts files_of(const Record& record) {
  NamedTexts others{{kUtterancesFile, record_to_jsonl(record)}};
  if (record.task.writes_hypotheses)
    others.emplace_back(kHypothesesFile, hypotheses_to_text(record));
  return run_files(record_to_json(record), std::move(others));
}

// Writes the files into the folder, where they replace those of an earlier run, and prints the
// report or the text.
void write(const Record& record, const RunOptions& options, OutputFolder& folder) {
  const NamedTexts files = files_of(record);
  const std::string text = record_to_text(record, options.output.detail());
  folder.publish(files);
  std::string wrote;
  for (const auto& [name, ignored] : files)
    wrote +=
        (wrote.empty() ? "wrote " : ", ") + (std::filesystem::path(options.out) / name).string();
  std::cout << (options.output.format == "json" ? files.front().second
                                                : printable(text + wrote + "\n"));
  std::cout.flush();
  write_warnings(std::cerr, record.warnings);
}

// The order of the steps makes a mistake of the user show before the long work begins.
void run_run(const RunOptions& options) {
  const AnyModel model = load_any_model(options.model);
  const Task& task = task_of(options.tasks, model);
  expect_no_others(options.given, task, *network_of(model));
  const Policy policy = load_policy(options.policy.file, options.policy.settings);
  const std::unique_ptr<Session> session = task.open(model, options.request);
  const Model& network = session->trained();
  const std::optional<Profile> profile = profile_for(options, policy, network);
  std::vector<Point> points{session->resolve(policy, profile ? &*profile : nullptr)};
  const ChosenAccelerators hardware = accelerators_for(options, session->busiest(points[0]));
  if (!options.no_reference && !is_reference(points[0]))
    points.push_back(reference_of(network, points[0]));
  // The folder is locked from here until the results of the work are in it.
  OutputFolder folder(options.out, {std::begin(kRunFiles), std::end(kRunFiles)});
  const Record record =
      run(*session, task.info(), policy, points, hardware, options.output.display());
  write_notes(std::cerr, session->notes(), options.output.quiet);
  write_notes(std::cerr, session->late_notes(), options.output.quiet);
  write(record, options, folder);
}

}  // namespace

void setup_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Evaluate a model on a test set under a policy");
  add_model_option(*command, options->model);
  add_data_options(*command, options->request.data, options->tasks);
  add_policy_options(*command, options->policy,
                     "What is done to save energy: a YAML file; without one, nothing");
  add_hardware_option(*command, options->hardware);
  command
      ->add_option("--out", options->out,
                   "Folder for report.json, utterances.jsonl and a translation's hypotheses.txt")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_flag("--no-reference", options->no_reference,
                    "Do not run the dense network beside the policy");
  add_seed_option(*command, options->request.seed, "Seed of the bootstrap intervals");
  options->given = add_task_options(*command, options->tasks);
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  add_output_options(*command, options->output);
  command->footer(kRunExample);
  command->callback([options] { run_run(*options); });
}

}  // namespace edgeval
