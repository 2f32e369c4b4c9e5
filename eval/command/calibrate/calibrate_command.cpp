#include "eval/command/calibrate/calibrate_command.hpp"

#include "eval/command/calibrate/calibrate_run.hpp"

namespace edgeval {
namespace {

constexpr const char* kCalibrateExample =
    "Example, with data that are not shipped:\n"
    "  edgeval calibrate --model an4.safetensors --data an4 --split dev --confirm test \\\n"
    "      --policy skip.yaml --vary plan.threshold=0.3:0.9 --max-loss 1 --least energy:reuse32\n"
    "`edgeval run --policy calibration/best.yaml` runs what it found.\n";

}  // namespace

void setup_calibrate(CLI::App& app) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Find the cheapest policy within a budget of loss, and confirm it");
  add_model_option(*command, options->model);
  add_data_options(*command, options->request.data, options->tasks);
  add_policy_options(*command, options->policy,
                     "What all points have in common: a YAML file; without one, nothing");
  command
      ->add_option("--vary", options->vary,
                   "What varies, as for sweep: KEY=LOW:HIGH[:log] or KEY=a,b,c")
      ->required()
      ->type_name("KEY=VALUES");
  command
      ->add_option("--max-loss", options->max_loss,
                   "What may be lost against the dense network, in points of the metric")
      ->required()
      ->check(between_numbers(0, 1e6))
      ->type_name("POINTS");
  command->add_flag("--relative", options->relative,
                    "--max-loss is in percent of the dense network's score");
  command
      ->add_option("--least", options->least,
                   "What is made small: macs, rows, energy:ACCELERATOR or seconds:ACCELERATOR")
      ->required()
      ->type_name("COST");
  command
      ->add_option("--metric", options->metric,
                   "The metric whose loss counts; without it, the task's first one")
      ->type_name("NAME");
  command
      ->add_option("--confirm", options->confirm,
                   "Part of the data on which the loss is confirmed: test, dev, ...")
      ->type_name("NAME");
  command
      ->add_option("--confirm-data", options->confirm_data,
                   "Other data on which the loss is confirmed, as --data takes them")
      ->type_name("PATH");
  command
      ->add_option("--confirm-reference", options->confirm_references,
                   "Translations of the --confirm-data, line by line; repeat for several")
      ->type_name("FILE");
  command->add_option("--confidence", options->confidence, "Confidence of the confirmation")
      ->check(between_numbers(0.5, 0.9999))
      ->type_name("C")
      ->capture_default_str();
  command
      ->add_option("--race", options->race,
                   "Also drop points that exceed the budget with this risk of an error each")
      ->check(between_numbers(1e-6, 0.5))
      ->type_name("ALPHA");
  command->add_option("--points", options->points, "How many points are tried at most")
      ->check(between(1, Index{100'000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag(
      "--beside-random", options->beside_random,
      "Then search at random too, for as many MACs, to show what the search is worth");
  command->add_option("--candidates", options->candidates, "How many points are confirmed at most")
      ->check(between(2, Index{1000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--resamples", options->resamples, "Resamples of the bootstrap")
      ->check(between(100, Index{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--block", options->block,
                   "Utterances or sentences after which points may be dropped; 0: a sixteenth of "
                   "the set, from 8 to 256")
      ->check(between(0, Index{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--out", options->out, "Folder for best.yaml, the report and the journals")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_flag("--resume", options->resume,
                    "Go on with the calibration that the folder holds");
  add_seed_option(*command, options->request.seed,
                  "Seed of the search, the blocks and the resamples");
  options->given = add_task_options(*command, options->tasks);
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  add_output_options(*command, options->output);
  command->footer(kCalibrateExample);
  command->callback([options] { run_calibrate(*options); });
}

}  // namespace edgeval
