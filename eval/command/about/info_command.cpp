#include "eval/command/about/info_command.hpp"

#include <iostream>

#include "cuda/engine.hpp"
#include "datasets/audio/feature_cache.hpp"
#include "eval/command/about/catalogue.hpp"
#include "eval/report/provenance.hpp"
#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/parallel.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr const char* kInfoExample =
    "Example:\n"
    "  edgeval info\n"
    "  edgeval info similarity_skip\n"
    "  edgeval info reuse32\n";

constexpr std::size_t kWidth = 80;  // greatest number of columns in a line

// Returns "key: text" in lines that begin with at least `indent` spaces.
std::string entry(const std::string& text, std::size_t indent) {
  return paragraph(text, indent, kWidth, 2);
}

std::string text_of(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string listed(const ordered_json& list, const char* nothing) {
  return list.empty() ? nothing : separated(list, ", ", text_of);
}

std::string default_text(const ordered_json& parameter) {
  const ordered_json& value = parameter["default"];
  if (parameter["from_profile"]) return "from the profile";
  if (parameter["must_be_given"]) return "to be given";
  return value.is_null() ? "left open" : text_of(value);
}

std::string parameter_text(const ordered_json& parameter, std::size_t indent) {
  return entry(concat(text_of(parameter["key"]), " = ", default_text(parameter), " (",
                      text_of(parameter["meaning"]), ")"),
               indent);
}

// Describes a choice of an axis with its parameters.
std::string choice_text(const ordered_json& choice, std::size_t indent) {
  std::string text = entry(text_of(choice["type"]) + ": " + text_of(choice["meaning"]), indent);
  for (const ordered_json& parameter : choice["parameters"])
    text += parameter_text(parameter, indent + 2);
  return text;
}

ordered_json machine() {
  ordered_json json{
      {"edgeval", to_json(provenance_on(concat("CPU, ", hardware_threads(), " threads")))},
      {"gpus", ordered_json::array()}};
  for (const gpu::Device& device : gpu::devices())
    json["gpus"].push_back(concat("gpu:", device.number, " ", device.name));
  const std::string folder = data::default_feature_folder().string();
  json["feature_cache"] = folder.empty() ? ordered_json(nullptr) : ordered_json(folder);
  return json;
}

std::string overview(const ordered_json& json) {
  std::string devices = "devices: " + text_of(json["edgeval"]["device"]);
  for (const ordered_json& gpu : json["gpus"]) devices += "; " + text_of(gpu);
  if (json["gpus"].empty())
    devices += gpu::built_with_cuda() ? "; no usable GPU" : "; GPUs need a build with CUDA";
  const ordered_json& kept = json["feature_cache"];
  const std::string folder = kept.is_null() ? "nowhere" : visible(text_of(kept));
  std::string text = entry(concat("edgeval ", text_of(json["edgeval"]["version"]), ", ",
                                  text_of(json["edgeval"]["build"])),
                           0) +
                     entry(devices, 0) + entry("features are kept in: " + folder, 0) +
                     "\nA policy takes one choice on each axis:\n";
  for (const auto& [axis, choices] : json["axes"].items()) {
    text += "  " + axis + "\n";
    for (const ordered_json& choice : choices) text += choice_text(choice, 4);
  }
  text += "\nLayers of a model:\n";
  for (const ordered_json& layer : json["layers"])
    text += entry(text_of(layer["type"]) + ": " + text_of(layer["meaning"]), 2);
  text += "\nAccelerators:\n";
  for (const ordered_json& accelerator : json["accelerators"])
    text += "  " + text_of(accelerator["name"]) + "\n" +
            paragraph(text_of(accelerator["description"]), 4, kWidth);
  return text + "\nedgeval info NAME tells more of one of them.\n";
}

// Describes a technique in full: its axis, its papers, and every parameter with the origin of its
// value.
std::string technique_text(const std::string& axis, const ordered_json& choice) {
  const std::string type = text_of(choice["type"]);
  std::string text = concat(type, ": a choice of the axis ", axis, "\n") +
                     paragraph(text_of(choice["meaning"]), 2, kWidth);
  for (const ordered_json& paper : choice["papers"]) text += entry(text_of(paper), 2);
  text += concat("  in a policy: --set ", axis, ".type=", type, "\n");
  if (choice["parameters"].empty()) return text + "  it has no parameters\n";
  text += "\n";
  for (const ordered_json& parameter : choice["parameters"]) {
    text += entry(text_of(parameter["key"]) + ": " + text_of(parameter["meaning"]), 2);
    std::string from = parameter["from_profile"] ? "default: what the profile gives"
                       : parameter["must_be_given"]
                           ? "no default: choose it on development data (docs/techniques.md, "
                             "\"Choosing a threshold\")"
                           : "default: " + default_text(parameter);
    if (parameter.contains("words")) from += "; words: " + listed(parameter["words"], "");
    text += entry(from, 4);
  }
  return text;
}

// Returns a line such as "NAME: 1.8 pJ [1.46, 3.7]", and the source of the value below it.
std::string constant_text(const std::string& name, const ordered_json& constant, const char* unit,
                          const char* shown_unit) {
  const ordered_json& range = constant["range"];
  std::string text = concat(name, ": ", rounded(constant[unit]), " ", shown_unit);
  if (range[0] != range[1]) text += concat(" [", rounded(range[0]), ", ", rounded(range[1]), "]");
  return entry(text, 4) + paragraph(text_of(constant["source"]), 6, kWidth);
}

std::string accelerator_text(const ordered_json& accelerator) {
  std::string text = text_of(accelerator["name"]) + ": an accelerator\n" +
                     paragraph(text_of(accelerator["description"]), 2, kWidth) +
                     entry("source: " + text_of(accelerator["source"]), 2);
  for (const ordered_json& paper : accelerator["papers"]) text += entry(text_of(paper), 2);
  const double megahertz = accelerator["frequency_hz"].get<double>() / 1e6;
  text += concat("  chip: ", rounded(accelerator["node_nm"]), " nm, ", rounded(megahertz), " MHz, ",
                 rounded(accelerator["voltage"]), " V\n");
  text += entry("prices arithmetic " + listed(accelerator["prices"], "none"), 2) +
          entry("prices layers " + listed(accelerator["layers"], "none"), 2) +
          entry("refuses runs with counts of " + listed(accelerator["refuses"], "nothing"), 2);
  if (const std::string reason = text_of(accelerator["lower_bound"]); !reason.empty())
    text += entry("its price of some techniques is a lower bound: " + reason, 2);
  text += "\n" + paragraph(
                     "Components. In brackets the range that a constant could reasonably have; of "
                     "the sources [D] is arithmetic on the named figures, [R] our choice where "
                     "nothing is published, [G] not checked against a source.",
                     0, kWidth);
  for (const ordered_json& component : accelerator["components"]) {
    const std::string notes = text_of(component["notes"]);
    text += entry(text_of(component["name"]) + (notes.empty() ? "" : ": " + notes), 2);
    text += constant_text("static", component["static"], "mw", "mW");
    for (const auto& [action, constant] : component["actions"].items())
      text += constant_text(action, constant, "pj", "pJ");
  }
  return text;
}

std::string details(const std::string& name, const ordered_json& json) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "\n") + part; };
  for (const auto& [axis, choices] : json["axes"].items()) {
    if (axis == name) add(concat(axis, ": an axis; a policy takes one of\n"));
    for (const ordered_json& choice : choices) {
      if (axis == name)
        text += choice_text(choice, 2);
      else
        add(technique_text(axis, choice));
    }
  }
  for (const ordered_json& layer : json["layers"])
    add(concat(text_of(layer["type"]), ": a kind of layer\n") +
        paragraph(text_of(layer["meaning"]), 2, kWidth));
  for (const ordered_json& accelerator : json["accelerators"]) add(accelerator_text(accelerator));
  return text;
}

void run_info(const std::string& name, const std::string& format) {
  ordered_json json = machine();
  json.update(name.empty() ? catalogue() : catalogue_of(name));
  if (format == "json")
    std::cout << to_text(json);
  else
    std::cout << (name.empty() ? overview(json) : details(name, json));
}

}  // namespace

void setup_info(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  CLI::App* command = app.add_subcommand("info", "Version, devices, techniques and accelerators");
  command
      ->add_option("NAME", *name,
                   "A technique, an axis, an accelerator or a kind of layer, of which to tell more")
      ->type_name("NAME");
  command->add_option("--format", *format, "What is printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(kInfoExample);
  command->callback([name, format] { run_info(*name, *format); });
}

}  // namespace edgeval
