#include "eval/count_command.hpp"

#include <iostream>

#include "eval/common_options.hpp"
#include "eval/model_count.hpp"
#include "eval/report.hpp"
#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/model/import/opennmt.hpp"
#include "host/model/import/state_dict.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval count datasets/spoken/speech-blstm3x128.safetensors --steps 100\n";

struct CountOptions {
  std::string model, describe;
  Index steps = 1;
  std::optional<Index> positions;
  OutputChoice output;
};

// What torch.save writes is a zip, or a pickle; the ninth byte of a model file opens its JSON.
bool is_checkpoint(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") ||
         (bytes.starts_with('\x80') && !(bytes.size() > 8 && bytes[8] == '{'));
}

// The model that a checkpoint becomes when it is imported, or that of a model file.
AnyModel load(const CountOptions& options) {
  const std::string bytes = read_file(options.model);
  if (!is_checkpoint(bytes)) {
    EDGEVAL_EXPECTS(options.describe.empty(), "--describe: ", options.model,
                    ": is no checkpoint of PyTorch; a model file describes itself");
    return load_any_model(options.model);
  }
  const TorchArchive archive(bytes, options.model);
  const std::string name = std::filesystem::path(options.model).stem().string();
  if (!is_opennmt(archive))
    return read_model(to_safetensors(import_state_dict(archive, name, options.describe), {}),
                      options.model);
  EDGEVAL_EXPECTS(options.describe.empty(), "--describe: ", options.model,
                  ": an OpenNMT-py checkpoint describes itself");
  return read_translation_model(to_safetensors(import_opennmt(archive, name), {}), options.model);
}

// Names that a file gave may hold anything: no control characters on a terminal.
std::string printable(std::string text) {
  for (char& c : text)
    if ((static_cast<unsigned char>(c) < 32 && c != '\n') || c == 127) c = ' ';
  return text;
}

void run_count(const CountOptions& options) {
  const AnyModel model = load(options);
  const bool translation = std::holds_alternative<TranslationModel>(model);
  EDGEVAL_EXPECTS(translation || !options.positions, "--positions: ", options.model,
                  ": is a speech model; positions of a source are a translation model's");
  const Index positions = options.positions.value_or(options.steps);
  const ModelCount count = count_model(model, options.steps, positions);
  if (options.output.format != "json") {
    std::cout << printable(readable(count));
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
                   "A model file, or a checkpoint of PyTorch or OpenNMT-py that `import` reads")
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
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_count(*options); });
}

}  // namespace edgeval
