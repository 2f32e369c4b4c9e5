#include "eval/profile_command.hpp"

#include <cstdio>
#include <iostream>
#include <numeric>

#include "eval/batches.hpp"
#include "eval/common_options.hpp"
#include "eval/profile.hpp"
#include "eval/report.hpp"
#include "eval/table.hpp"
#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval profile --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken --out profile.json\n"
    "Profile on training data, never on the test set you report.\n";

struct ProfileOptions {
  std::string model;
  DataChoice data;
  std::string out = "profile.json";
  EngineChoice engine;
  OutputChoice output;
};

std::string text_table(const Profile& profile) {
  std::vector<std::vector<std::string>> rows{
      {"layer", "least", "greatest", "zeros", "99.99 % of |x|", "fraction bits"}};
  const auto number = [](const char* format, double value) {
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return std::string(text);
  };
  for (const LayerProfile& layer : profile.layers) {
    const double zeros = 100 * static_cast<double>(layer.input.zeros) / static_cast<double>(layer.input.elements);
    rows.push_back({layer.name, number("%.5g", layer.range_min()), number("%.5g", layer.range_max()),
                    number("%.1f %%", zeros), number("%.5g", layer.input_magnitude_p9999),
                    std::to_string(layer.fraction_bits())});
  }
  return table(rows);
}

void run_profile(const ProfileOptions& options) {
  const Model model = load_model(options.model);
  const data::TestSet set = data::open_test_set(options.data.path, options.data.selection);
  const std::unique_ptr<Engine> engine = make_engine(model, options.engine);
  const data::FeatureExtractor extractor(model.frontend);
  const BatchPlan plan = plan_batches(set, model, extractor, options.engine.batch);
  const Index frames = std::accumulate(plan.frames.begin(), plan.frames.end(), Index{0});
  EDGEVAL_EXPECTS(frames > 0, options.data.path, ": no utterance is as long as one frame");
  expect_writable(options.out);
  ProfileCollector collector(model, frames);
  for_each_batch(set, plan, extractor, model.frontend.sample_rate, options.engine.threads, options.output.quiet,
                 [&](const Ragged<float>& features) { collector.add(*engine, features); });
  const Profile profile = collector.finish();
  nlohmann::ordered_json json = to_json(profile);
  json["data"] = {{"path", options.data.path}, {"split", set.split}, {"sha256", data::test_set_sha256(set)},
                  {"utterances", set.utterances.size()}, {"frames", frames}};
  const std::string text = to_text(json);
  write_file(options.out, text);
  std::cout << (options.output.format == "json" ? text : text_table(profile) + "wrote " + options.out + "\n");
}

}  // namespace

void setup_profile(CLI::App& app) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand("profile", "Measure the layers' inputs on a training set");
  command->add_option("--model", options->model, "The network: a safetensors file")->type_name("FILE")->required();
  add_data_options(*command, options->data);
  command->add_option("--out", options->out, "The profile's file")->type_name("FILE")->capture_default_str();
  add_engine_options(*command, options->engine);
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_profile(*options); });
}

}  // namespace edgeval
