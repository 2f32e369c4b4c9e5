#include "eval/command/serve/serve_command.hpp"

#include "eval/command/serve/serve_run.hpp"

namespace edgeval {
namespace {

constexpr const char* kServeExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  echo '{\"id\": 1, \"point\": {\"plan.threshold\": 0.5}}' | edgeval serve \\\n"
    "      --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken \\\n"
    "      --policy datasets/spoken/skip.yaml --hardware reuse32\n"
    "The first line that it prints is the dense network's, then each line has its answer.\n";

}  // namespace

void setup_serve(CLI::App& app) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command =
      app.add_subcommand("serve", "Evaluate points that a sampler asks for on standard input");
  add_model_option(*command, options->model);
  add_data_options(*command, options->request.data, options->tasks);
  add_policy_options(*command, options->policy,
                     "What all points have in common: a YAML file; without one, nothing");
  add_hardware_option(*command, options->hardware);
  command->add_flag("--no-reference", options->no_reference,
                    "Do not run the dense network, whose figures the first line has");
  add_seed_option(*command, options->request.seed, "Seed of the bootstrap intervals");
  options->given = add_task_options(*command, options->tasks);
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  command->add_flag("--quiet", options->output.quiet, "No progress and no notes");
  command->footer(kServeExample);
  command->callback([options] { run_serve(*options); });
}

}  // namespace edgeval
