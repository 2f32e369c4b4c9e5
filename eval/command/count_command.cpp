#include "eval/command/count_command.hpp"

#include <iostream>

#include "eval/command/options/common_options.hpp"
#include "eval/report/model_count.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"
#include "host/import/importer.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kCountExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval count datasets/spoken/speech-blstm3x128.safetensors --steps 100\n";

struct CountOptions {
  std::string model, describe, state_dict;
  Index steps = 1;
  std::optional<Index> positions;
  OutputChoice output;
};

// Returns the model of a model file, or the model that another tool's file becomes when it is
// imported.
AnyModel load(const CountOptions& options) {
  const std::string bytes = read_file(options.model);
  const SourceFile source(bytes, options.model, options.state_dict);
  if (is_model_file(source)) {
    EDGEVAL_EXPECTS(options.describe.empty(), "--describe: ", options.model,
                    ": a model file describes itself");
    return load_any_model(options.model);
  }
  const std::string name = std::filesystem::path(options.model).stem().string();
  const Imported imported = import_file(source, {name, options.describe});
  return read_any_model(to_safetensors(imported, {}), options.model);
}

void run_count(const CountOptions& options) {
  const AnyModel model = load(options);
  const bool translation = std::holds_alternative<std::shared_ptr<const TranslationModel>>(model);
  EDGEVAL_EXPECTS(translation || !options.positions, "--positions: ", options.model,
                  ": is a speech model; positions of a source are a translation model's");
  const Index positions = options.positions.value_or(options.steps);
  const ModelCount count = count_model(model, options.steps, positions);
  if (options.output.format != "json") {
    std::cout << printable(readable(count, options.output.detail()));
    return;
  }
  nlohmann::ordered_json json{{"schema", 1}, {"edgeval", {{"version", EDGEVAL_VERSION}}}};
  json.update(to_json(count));
  json["model"]["path"] = options.model;
  std::cout << to_text(json);
}

}  // namespace

void setup_count(CLI::App& app) {
  auto options = std::make_shared<CountOptions>();
  CLI::App* command = app.add_subcommand(
      "count", "Multiply-accumulates, weights and bytes of a model, without data");
  command
      ->add_option("MODEL", options->model,
                   "A model file, or a file of another tool's that `import` reads")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--steps", options->steps,
                   "Frames of speech; of a translation the decoder's rows, one for each live "
                   "hypothesis and step")
      ->check(between(1, 1000000000))
      ->type_name("T")
      ->capture_default_str();
  command
      ->add_option("--positions", options->positions,
                   "Tokens of a translation's source; without it, as many as --steps")
      ->check(between(1, 1000000000))
      ->type_name("S");
  command
      ->add_option("--describe", options->describe,
                   "JSON: what a state dict of PyTorch does not say, as `import` takes it")
      ->type_name("FILE");
  command
      ->add_option("--state-dict", options->state_dict,
                   "Where the weights are in a checkpoint, as `import` takes it")
      ->type_name("KEY");
  add_output_options(*command, options->output);
  command->footer(kCountExample);
  command->callback([options] { run_count(*options); });
}

}  // namespace edgeval
