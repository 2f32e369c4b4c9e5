#include "eval/command/profile_command.hpp"

#include <cstdio>
#include <iostream>
#include <numeric>

#include "eval/command/common_options.hpp"
#include "eval/policy/profile_collector.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/table.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/progress.hpp"
#include "eval/task/translation/translation_session.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval profile --model datasets/spoken/speech-blstm3x128.safetensors --data "
    "datasets/spoken --out profile.json\n"
    "  edgeval profile --model datasets/captions/multi30k-en-de.safetensors --data "
    "datasets/captions/captions.en \\\n"
    "      --out captions_profile.json\n"
    "Profile on training data, never on the test set you report.\n";

struct ProfileOptions {
  std::string model;
  DataChoice data;
  std::string out = "profile.json";
  int width = 5;  // of a translation's beam
  const CLI::Option* width_option = nullptr;
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
    const double zeros =
        100 * static_cast<double>(layer.input.zeros) / static_cast<double>(layer.input.elements);
    rows.push_back({layer.name, number("%.5g", layer.range_min()),
                    number("%.5g", layer.range_max()), number("%.1f %%", zeros),
                    number("%.5g", layer.input_magnitude_p9999),
                    std::to_string(layer.fraction_bits())});
  }
  std::string text = table(rows);
  if (profile.spread)
    text += concat("spread of the best ", profile.spread->width, " candidates' scores over ",
                   profile.spread->steps, " steps: 5 % ",
                   number("%.3f", profile.spread->percentiles.at("5")), ", 50 % ",
                   number("%.3f", profile.spread->percentiles.at("50")), ", 95 % ",
                   number("%.3f", profile.spread->percentiles.at("95")), " nats\n");
  return text;
}

// Writes the profile with what it was made of, and prints it.
void finish(const ProfileOptions& options, const Profile& profile,
            const nlohmann::ordered_json& data) {
  nlohmann::ordered_json json = to_json(profile);
  json["data"] = data;
  const std::string text = to_text(json);
  write_file(options.out, text);
  std::cout << (options.output.format == "json"
                    ? text
                    : text_table(profile) + "wrote " + visible(options.out) + "\n");
}

void profile_speech(const ProfileOptions& options, const Model& model) {
  EDGEVAL_EXPECTS(options.width_option->count() == 0, "--width is for translation models; ",
                  model.path, " is of task ", model.task);
  const data::TestSet set = data::open_test_set(options.data.path, options.data.selection);
  const std::unique_ptr<Engine> engine = make_engine(model, options.engine);
  const data::FeatureExtractor extractor(model.frontend);
  const BatchPlan plan = plan_batches(set, model, extractor, options.engine.batch);
  const Index frames = std::accumulate(plan.frames.begin(), plan.frames.end(), Index{0});
  print_notes(plan.notes, options.output.quiet);
  print_warnings(plan.warnings);
  expect_writable(options.out);
  ProfileCollector collector(model, frames);
  const std::string hash =
      for_each_batch(set, plan, extractor, model.frontend.sample_rate, options.engine.threads,
                     options.output.quiet,
                     [&](const Ragged<float>& features) { collector.add(*engine, features); });
  finish(options, collector.finish(),
         {{"path", options.data.path},
          {"split", set.split},
          {"sha256", hash},
          {"utterances", set.utterances.size()},
          {"frames", frames}});
}

void profile_translation(const ProfileOptions& options, const TranslationModel& model) {
  EDGEVAL_EXPECTS(!options.engine.asks_for_gpu(), "--device ", options.engine.device,
                  ": the profile of a translation model is made on the CPU; leave the option out");
  const data::TextSet set = data::open_text_set(options.data.path, {}, options.data.selection.limit,
                                                options.data.budget.bytes());
  const std::vector<Sentence> sentences = source_sentences(data::Subwords(model.source), set);
  Index tokens = 0;
  for (const Sentence& sentence : sentences) tokens += std::ssize(sentence);
  expect_writable(options.out);
  const SearchOptions search{.beam = FixedBeam{static_cast<double>(options.width)}};
  const Translator translator(model, {.threads = options.engine.threads});
  const OperatingPoint dense = dense_point(model.network);
  ProfileCollector collector(model.network, tokens,
                             set.sentences() * options.width * search.longest);
  std::vector<double> spreads;
  Progress progress("sentences", set.sentences(), options.output.quiet);
  // Always the same groups, whatever --batch: means add up in the order of the rows.
  constexpr Index kGroup = 256;
  for (Index first = 0; first < set.sentences(); first += kGroup) {
    const Index last = std::min(set.sentences(), first + kGroup);
    std::vector<Translation> translations;
    collector.add([&](LayerObserver& observer) {
      translations = translator.run({sentences.begin() + first, sentences.begin() + last}, dense,
                                    search, &observer);
    });
    for (const Translation& translation : translations)
      spreads.insert(spreads.end(), translation.search.spreads.begin(),
                     translation.search.spreads.end());
    progress.advance(last - first);
  }
  Profile profile = collector.finish();
  if (options.width > 1) profile.spread = spread_profile(options.width, std::move(spreads));
  finish(options, profile,
         {{"path", options.data.path},
          {"sha256", data::text_set_sha256(set)},
          {"sentences", set.sentences()},
          {"source_tokens", tokens}});
}

void run_profile(const ProfileOptions& options) {
  const AnyModel model = load_any_model(options.model);
  if (const auto* speech = std::get_if<Model>(&model)) return profile_speech(options, *speech);
  profile_translation(options, std::get<TranslationModel>(model));
}

}  // namespace

void setup_profile(CLI::App& app) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand("profile", "Measure the layers' inputs on a training set");
  command->add_option("--model", options->model, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
  add_data_options(*command, options->data);
  command->add_option("--out", options->out, "The profile's file")
      ->type_name("FILE")
      ->capture_default_str();
  options->width_option = command
                              ->add_option("--width", options->width,
                                           "Of the beam with which a translation model searches")
                              ->check(between(1, kWidestBeam))
                              ->type_name("N")
                              ->capture_default_str();
  add_engine_options(*command, options->engine);
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_profile(*options); });
}

}  // namespace edgeval
