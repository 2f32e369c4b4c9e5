#include "eval/info_command.hpp"

#include <iostream>

#include "cuda/engine.hpp"
#include "eval/choices.hpp"
#include "eval/common_options.hpp"
#include "eval/policy.hpp"
#include "eval/report.hpp"
#include "eval/table.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

template <class Choice>
ordered_json axis() {
  ordered_json all = ordered_json::array();
  for_each_technique<Choice>([&](const auto& technique) {
    ordered_json entry{{"type", technique.kName},
                       {"meaning", technique.kMeaning},
                       {"parameters", ordered_json::array()}};
    const ordered_json defaults = technique_to_json(technique);
    technique.fields(technique, [&](const char* field, auto, const char* meaning) {
      const WrittenKey written = written_key(field);
      if (written.high) return;
      const ordered_json& value =
          written.group.empty() ? defaults[written.key] : defaults[written.group][written.key];
      const std::string key =
          written.group.empty() ? written.key : written.group + "." + written.key;
      entry["parameters"].push_back({{"key", key}, {"default", value}, {"meaning", meaning}});
    });
    all.push_back(entry);
  });
  return all;
}

const char* meaning(LayerKind kind) {
  switch (kind) {
    case LayerKind::kLstm:
      return "LSTM cells, with or without peepholes and projection";
    case LayerKind::kGru:
      return "GRU cells, the reset gate after or before the product with U";
    case LayerKind::kSru:
      return "SRU cells: gates see c, products see x only";
    case LayerKind::kQrnn:
      return "QRNN cells: products see a window of x only";
    case LayerKind::kLinear:
      return "a matrix, a bias and perhaps a rectifier";
    case LayerKind::kAttention:
      return "of a decoder's rows over their source: dot, general or mlp";
  }
  return "";
}

ordered_json layers() {
  ordered_json all = ordered_json::array();
  for (LayerKind kind : kLayerKinds)
    all.push_back({{"type", name(kind)}, {"meaning", meaning(kind)}});
  return all;
}

ordered_json gather() {
  ordered_json json{
      {"edgeval", build_info("CPU, " + std::to_string(hardware_threads()) + " threads")},
      {"gpus", ordered_json::array()},
      {"axes",
       {{"arithmetic", axis<Arithmetic>()},
        {"weights", axis<Weights>()},
        {"nonlinearity", axis<Nonlinearity>()},
        {"plan", axis<Plan>()},
        {"operand", axis<OperandChoice>()},
        {"beam", axis<Beam>()}}},
      {"layers", layers()},
      {"accelerators", ordered_json::array()}};
  for (const gpu::Device& device : gpu::devices())
    json["gpus"].push_back(concat("gpu:", device.number, " ", device.name));
  for (const hw::Accelerator& accelerator : hw::load_accelerators(accelerator_folder()))
    json["accelerators"].push_back(
        {{"name", accelerator.name}, {"description", accelerator.description}});
  return json;
}

std::string default_text(const ordered_json& value) {
  if (value.is_null() || (value.is_array() && value[0].is_null())) return "left open";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string readable(const ordered_json& json) {
  std::string text = "edgeval " + json["edgeval"]["version"].get<std::string>() + ", " +
                     json["edgeval"]["build"].get<std::string>() +
                     "\ndevices: " + json["edgeval"]["device"].get<std::string>();
  for (const ordered_json& gpu : json["gpus"]) text += "; " + gpu.get<std::string>();
  if (json["gpus"].empty())
    text += gpu::built_with_cuda() ? "; no usable GPU" : "; GPUs need a build with CUDA";
  text += "\n\nA policy takes one choice on each axis:\n";
  for (const auto& [axis, choices] : json["axes"].items()) {
    text += "  " + axis + "\n";
    for (const ordered_json& choice : choices) {
      text += "    " + choice["type"].get<std::string>() + ": " +
              choice["meaning"].get<std::string>() + "\n";
      for (const ordered_json& parameter : choice["parameters"])
        text += "      " + parameter["key"].get<std::string>() + " = " +
                default_text(parameter["default"]) + "  (" +
                parameter["meaning"].get<std::string>() + ")\n";
    }
  }
  text += "\nLayers of a model:\n";
  for (const ordered_json& layer : json["layers"])
    text +=
        "  " + layer["type"].get<std::string>() + ": " + layer["meaning"].get<std::string>() + "\n";
  text += "\nAccelerators:\n";
  for (const ordered_json& accelerator : json["accelerators"])
    text += "  " + accelerator["name"].get<std::string>() + "\n" +
            paragraph(accelerator["description"].get<std::string>(), 4);
  return text;
}

}  // namespace

void setup_info(CLI::App& app) {
  auto format = std::make_shared<std::string>("text");
  CLI::App* command = app.add_subcommand("info", "Version, devices, techniques and accelerators");
  command->add_option("--format", *format, "What is printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer("Example:\n  edgeval info\n");
  command->callback([format] {
    const ordered_json json = gather();
    std::cout << (*format == "json" ? to_text(json) : readable(json));
  });
}

}  // namespace edgeval
