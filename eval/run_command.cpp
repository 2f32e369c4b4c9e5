#include "eval/run_command.hpp"

#include <iostream>

#include "eval/common_options.hpp"
#include "eval/report.hpp"
#include "eval/summary.hpp"
#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/engine/counting.hpp"
#include "host/model/file.hpp"
#include "host/model/transform.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken \\\n"
    "      --policy datasets/spoken/skip.yaml --hardware reuse32 --out out\n"
    "A policy names one choice per axis; `edgeval info` lists them all. Without --policy the run is dense.\n";

struct RunOptions {
  std::string model;
  DataChoice data;
  std::optional<std::string> policy, profile;
  std::vector<std::string> settings;
  std::vector<std::string> hardware;
  std::string out = "out";
  bool no_reference = false;
  EngineChoice engine;
  OutputChoice output;
  std::uint64_t seed = 0;
};

std::optional<Profile> profile_for(const RunOptions& options, const Policy& policy, const Model& model) {
  if (options.profile) return load_profile(*options.profile, model);
  if (policy.profile) return load_profile(*policy.profile, model);
  return std::nullopt;
}

// Everything the report will ask of the accelerator.
void expect_prices(const hw::Accelerator& accelerator, const Activity& busiest) {
  const Pricing pricing = price_beside_dense(accelerator, busiest, 1);
  EDGEVAL_EXPECTS(pricing.price.seconds > 0 && pricing.dense.seconds > 0, accelerator.file,
                  ": no rule of cycles counts any work of this network");
}

// For the network with its own weights, on the device of the engine it stands beside.
std::unique_ptr<Engine> make_reference(const Model& trained, EngineChoice options, const Engine& beside) {
  options.device = beside.on_gpu() ? "gpu" : "cpu";
  return make_engine(trained, options);
}

void run_run(const RunOptions& options) {
  const Model trained = load_model(options.model);
  const Policy policy = load_policy(options.policy, options.settings);
  const auto [model, weights] = transform(trained, policy.weights);
  const std::optional<Profile> profile = profile_for(options, policy, model);
  const OperatingPoint point = resolve(policy, model, profile ? &*profile : nullptr);
  const data::TestSet set = data::open_test_set(options.data.path, options.data.selection);
  // Chosen before the long work: a price that fails afterwards helps nobody.
  const Activity busiest = busiest_activity(model, point, 2);
  const std::vector<hw::Accelerator> accelerators = choose_accelerators(options.hardware, busiest);
  for (const hw::Accelerator& accelerator : accelerators) expect_prices(accelerator, busiest);
  const std::unique_ptr<Engine> engine = make_engine(model, options.engine);
  const std::filesystem::path out = options.out;
  expect_writable(out / "utterances.jsonl");
  expect_writable(out / "report.json");

  const bool as_trained = std::holds_alternative<AsTrained>(policy.weights);
  std::vector<Candidate> candidates{{engine.get(), point}};
  std::unique_ptr<Engine> of_trained;
  if (!options.no_reference && !as_trained) of_trained = make_reference(trained, options.engine, *engine);
  if (!options.no_reference && !(as_trained && is_dense(point)))
    candidates.push_back({as_trained ? engine.get() : of_trained.get(), dense_point(trained)});
  const Evaluation evaluation = evaluate(model, set, candidates,
                                         {.batch = options.engine.batch,
                                          .threads = options.engine.threads,
                                          .seed = options.seed,
                                          .quiet = options.output.quiet});

  const Run run{model, set,        options.data.path, data::test_set_sha256(set), policy,
                point, evaluation, engine->device(), accelerators, weights};
  std::vector<Pricing> pricings;
  for (const hw::Accelerator& accelerator : accelerators)
    pricings.push_back(price_beside_dense(accelerator, run.outcome().total, evaluation.audio_seconds()));
  const std::string report = to_text(report_to_json(run, pricings));
  write_file(out / "utterances.jsonl", utterances_to_jsonl(run));
  write_file(out / "report.json", report);
  if (options.output.format == "json")
    std::cout << report;
  else
    std::cout << summary(run, pricings) << "wrote " << (out / "report.json").string() << " and "
              << (out / "utterances.jsonl").string() << "\n";
}

}  // namespace

void setup_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Evaluate a model on a test set under a policy");
  command->add_option("--model", options->model, "The network: a safetensors file")->type_name("FILE")->required();
  add_data_options(*command, options->data);
  command->add_option("--policy", options->policy, "What is done to save energy: a YAML file; without one, nothing")
      ->type_name("FILE");
  command->add_option("--profile", options->profile, "Ranges and formats of the layers, made by edgeval profile")
      ->type_name("FILE");
  command->add_option("--set", options->settings, "Override keys of the policy, such as operand.clusters=12")
      ->type_name("KEY=VALUE");
  command->add_option("--hardware", options->hardware, "Accelerators that price the work; without it, all shipped")
      ->type_name("NAME|FILE");
  command->add_option("--out", options->out, "Folder for report.json and utterances.jsonl")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_flag("--no-reference", options->no_reference, "Do not run the dense network beside the policy");
  command->add_option("--seed", options->seed, "Of the bootstrap intervals")
      ->check(between(0, kLargestSeed))
      ->type_name("N")
      ->capture_default_str();
  add_engine_options(*command, options->engine);
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_run(*options); });
}

}  // namespace edgeval
