#include "eval/command/import_command.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "eval/command/options/common_options.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"
#include "host/import/importer.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kImportExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval import --model tests/data/import/lstm.pt --describe tests/data/import/describe.json "
    "\\\n"
    "      --out lstm.safetensors\n"
    "  edgeval import --template fbank --model tests/data/import/lstm.pt > describe.json\n";

struct ImportOptions {
  std::string model, out, describe, name, state_dict, form;
  OutputChoice output;
};

nlohmann::ordered_json import_report(const ImportOptions& options, const Imported& imported,
                                     const std::string& source_sha256, const std::string& file) {
  nlohmann::ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"source", {{"path", options.model}, {"sha256", source_sha256}, {"kind", imported.kind}}},
      {"model",
       {{"path", options.out}, {"sha256", sha256(file)}, {"name", imported.model["name"]}}},
      {"tensors", nlohmann::ordered_json::array()},
      {"left_out", imported.left_out},
      {"filled_in", imported.filled_in},
      {"repeated_tokens", imported.repeated_tokens},
      {"notes", imported.notes}};
  for (const Imported::Way& way : imported.ways)
    json["tensors"].push_back({{"source", way.source},
                               {"source_shape", way.source_shape},
                               {"tensor", way.name},
                               {"shape", way.shape},
                               {"done", way.done}});
  return json;
}

// Returns "left out: epoch, optimizer". The names are separated by commas, since they may have
// spaces.
std::string left_out_text(const Imported& imported) {
  std::string text;
  for (const std::string& entry : imported.left_out)
    text += (text.empty() ? "left out: " : ", ") + entry;
  return text.empty() ? text : text + "\n";
}

std::string report_text(const ImportOptions& options, const Imported& imported) {
  std::string written = concat(options.out, ": ", imported.tensors.size(), " tensors\n");
  if (options.output.quiet) return written;
  std::vector<std::vector<std::string>> rows{
      {"tensor of the source", "shape", "tensor of the file", "shape", "done"}};
  for (const Imported::Way& way : imported.ways)
    rows.push_back({way.source.empty() ? "none" : way.source, way.source_shape, way.name, way.shape,
                    way.done});
  std::string text = concat(visible(options.model), ": ", imported.kind, "\n\n", table(rows), "\n",
                            left_out_text(imported));
  for (const std::string& note : imported.notes) text += concat("note: ", visible(note), "\n");
  return text + written;
}

void print_template(const ImportOptions& options) {
  EDGEVAL_EXPECTS(options.out.empty() && options.describe.empty() && options.name.empty(),
                  "--template prints a description; it goes with --model and --state-dict alone");
  std::vector<std::string> notes;
  if (options.model.empty())
    std::cout << description_template(options.form, nullptr, notes);
  else
    std::cout << template_of_file({read_file(options.model), options.model, options.state_dict},
                                  options.form, notes);
  write_notes(std::cerr, notes, options.output.quiet);
}

void run_import(const ImportOptions& options) {
  if (!options.form.empty()) return print_template(options);
  for (const auto& [value, option] :
       {std::pair{&options.model, "--model"}, {&options.out, "--out"}})
    EDGEVAL_EXPECTS(!value->empty(), option,
                    " is required; edgeval import --help shows the options");
  const std::string bytes = read_file(options.model);
  const std::string name =
      options.name.empty() ? std::filesystem::path(options.out).stem().string() : options.name;
  const Imported imported =
      import_file({bytes, options.model, options.state_dict}, {name, options.describe});
  const std::string source_sha256 = sha256(bytes);
  const OrderedJson origin{{"file", std::filesystem::path(options.model).filename().string()},
                           {"sha256", source_sha256},
                           {"kind", imported.kind},
                           {"edgeval", EDGEVAL_VERSION}};
  const std::string file = to_safetensors(imported, origin);
  // The model file is read, and so checked, before it is written. What is wrong with it is said of
  // the description, or where there is none of the file that was imported.
  read_any_model(file, options.describe.empty() ? options.model : options.describe);
  write_file(options.out, file);
  std::cout << (options.output.format == "json"
                    ? to_text(import_report(options, imported, source_sha256, file))
                    : printable(report_text(options, imported)));
}

}  // namespace

void setup_import(CLI::App& app) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "Turn another tool's model into a model file");
  command->add_option("--model", options->model, "Another tool's file: " + what_import_reads())
      ->type_name("FILE");
  command->add_option("--out", options->out, "The model file to write")->type_name("FILE");
  command
      ->add_option("--describe", options->describe,
                   "JSON: what a state dict does not say (front end, tokens, ...)")
      ->type_name("FILE");
  command
      ->add_option(
          "--template", options->form,
          "Print a description to edit, of that front end: fbank or mfcc; with --model the "
          "layers are the modules found there")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"fbank", "mfcc"}));
  command
      ->add_option("--state-dict", options->state_dict,
                   "Where the weights are in a checkpoint, as net or nets/generator; else the only "
                   "place")
      ->type_name("KEY");
  command
      ->add_option("--name", options->name,
                   "Name of the model in reports; without it, that of the file to write")
      ->type_name("NAME");
  add_output_options(*command, options->output);
  command->footer(kImportExample);
  command->callback([options] { run_import(*options); });
}

}  // namespace edgeval
