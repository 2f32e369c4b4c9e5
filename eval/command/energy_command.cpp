#include "eval/command/energy_command.hpp"

#include <iostream>

#include "datasets/text/file_kind.hpp"
#include "eval/command/options/common_options.hpp"
#include "eval/report/activity_json.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/report/pricing_json.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

constexpr const char* kEnergyExample =
    "Example, after an `edgeval run ... --out out`:\n"
    "  edgeval energy --report out/report.json --hardware epur28\n";

struct EnergyOptions {
  std::string report;
  std::vector<std::string> hardware;
  std::string out;
  OutputChoice output;
};

// Returns the activity of the dense run if the report has it, as it does where the dense run took
// other steps. Throws Error when its layers are not those of `activity`.
std::optional<Activity> reference_activity(const Json& json, const Activity& activity,
                                           const std::string& report) {
  if (!json.contains("dense") || !json["dense"].is_object() || !json["dense"].contains("activity"))
    return std::nullopt;
  Activity reference = activity_from_json(json["dense"]["activity"], report + ": dense.activity");
  bool alike = reference.layers.size() == activity.layers.size();
  for (std::size_t i = 0; alike && i < activity.layers.size(); ++i)
    alike = reference.layers[i].shape.name == activity.layers[i].shape.name &&
            reference.layers[i].shape.direction == activity.layers[i].shape.direction;
  EDGEVAL_EXPECTS(alike, report, ": dense.activity is of other layers than activity");
  return reference;
}

void run_energy(const EnergyOptions& options) {
  data::expect_kind(options.report, "the report.json of a run is wanted");
  const std::string text = read_file(options.report);
  expect_utf8(text, options.report);
  const Json json = parse_json(text, options.report);
  const Fields report(json, options.report);
  report.integer("schema", 1, 2);
  report.object("activity");
  const Activity activity = activity_from_json(json["activity"], options.report + ": activity");
  const Fields data = report.object("data");
  // Only a set of audio lasts for a time; a set of text has sentences.
  const double seconds = data.has("sentences") ? 0 : data.number("seconds", 0, 1e15);
  const std::optional<Activity> reference = reference_activity(json, activity, options.report);
  const ChosenAccelerators chosen =
      choose_accelerators(options.hardware, accelerator_folder(), activity);
  std::vector<Pricing> pricings;
  for (const hw::Accelerator& accelerator : chosen.accelerators)
    pricings.push_back(
        price_beside_dense(accelerator, activity, seconds, reference ? &*reference : nullptr));
  nlohmann::ordered_json prices{{"schema", 2}, {"report", options.report}};
  if (report.has("run")) prices["run"] = report.text("run");
  add_energy(prices, pricings, chosen.left_out);
  const std::string result = to_text(prices);
  if (!options.out.empty()) write_file(options.out, result);
  std::cout << (options.output.format == "json"
                    ? result
                    : energy_table(pricings, chosen.left_out, options.output.detail()));
}

}  // namespace

void setup_energy(CLI::App& app) {
  auto options = std::make_shared<EnergyOptions>();
  CLI::App* command = app.add_subcommand("energy", "Price a stored report again");
  command->add_option("--report", options->report, "report.json of a run")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--hardware", options->hardware,
                   "Accelerators to price it on; without it, all shipped")
      ->type_name("NAME|FILE");
  command->add_option("--out", options->out, "Also write the prices to this JSON file")
      ->type_name("FILE");
  add_output_options(*command, options->output);
  command->footer(kEnergyExample);
  command->callback([options] { run_energy(*options); });
}

}  // namespace edgeval
