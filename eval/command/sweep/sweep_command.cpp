#include "eval/command/sweep/sweep_command.hpp"

#include "eval/command/sweep/sweep_run.hpp"

namespace edgeval {
namespace {

constexpr const char* kSweepExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval sweep --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken "
    "\\\n"
    "      --policy datasets/spoken/skip.yaml --vary plan.threshold=0.3:0.9 --points 20 "
    "--hardware reuse32 \\\n"
    "      --out sweep\n"
    "`edgeval run --policy sweep:17` runs point 17 of the folder `sweep` alone.\n";

}  // namespace

void setup_sweep(CLI::App& app) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command =
      app.add_subcommand("sweep", "Evaluate a model under many policies at once, find the fronts");
  add_model_option(*command, options->model);
  add_data_options(*command, options->request.data, options->tasks);
  add_policy_options(*command, options->policy,
                     "What all points have in common: a YAML file; without one, nothing");
  command
      ->add_option("--vary", options->points.vary,
                   "What varies: KEY=LOW:HIGH[:STEPS][:log] or KEY=a,b,c; KEY,KEY=... ties keys, "
                   "layers.*.KEY stands for every layer")
      ->type_name("KEY=VALUES");
  command
      ->add_option("--list", options->points.list,
                   "Points instead: a JSON object of settings on each line")
      ->type_name("FILE");
  command->add_option("--draw", options->points.draw, "How points are drawn")
      ->check(CLI::IsMember({"grid", "random", "sobol"}))
      ->capture_default_str();
  command
      ->add_option("--points", options->points.points, "How many points are drawn, unless by grid")
      ->check(between(1, static_cast<Index>(kMostGridPoints)))
      ->type_name("N");
  add_hardware_option(*command, options->hardware);
  command
      ->add_option("--out", options->out,
                   "Folder for points.csv, fronts.csv, points.jsonl and the journal")
      ->type_name("FOLDER")
      ->capture_default_str();
  command
      ->add_option("--shard", options->shard,
                   "Do share i of n alone, as one job of an array; --resume then writes the tables")
      ->type_name("I/N");
  command->add_flag("--resume", options->resume, "Go on with the sweep that the folder holds");
  command->add_flag("--dry-run", options->dry_run, "Say what it would take, and stop");
  command
      ->add_option("--block", options->block,
                   "Utterances or sentences of a block, the unit of the journal")
      ->check(between(1, Index{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--no-reference", options->no_reference,
                    "Do not run the dense network beside the points");
  add_seed_option(*command, options->request.seed,
                  "Seed of the draws, the blocks and the bootstrap intervals");
  options->given = add_task_options(*command, options->tasks);
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  add_output_options(*command, options->output);
  command->footer(kSweepExample);
  command->callback([options] { run_sweep(*options); });
}

}  // namespace edgeval
