#include "eval/command/similarity_command.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "eval/command/common_options.hpp"
#include "eval/policy/policy.hpp"
#include "eval/policy/profile.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/table.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/similarity.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval similarity --model datasets/spoken/speech-blstm3x128.safetensors --data "
    "datasets/spoken \\\n"
    "      --profile datasets/spoken/profile.json\n";

struct SimilarityOptions {
  std::string model, profile, out;
  DataChoice data;
  Index shift = 10;
  EngineChoice engine;
  OutputChoice output;
};

template <class... Values>
std::string print(const char* format, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// "n/a" where there is no figure.
std::string figure(const char* format, double value) {
  return std::isnan(value) ? "n/a" : print(format, value);
}

// P1's figures beside ours: 70 % (section III-A), table II.
std::string text_tables(const std::vector<SimilarityFacts>& all) {
  std::vector<std::vector<std::string>> separation{
      {"layer", "steps", "redundant", "of the similar fifth", "its S from", "separation"}};
  std::vector<std::vector<std::string>> errors{{"layer", "skips", "1", "2", "3", "4"}};
  for (const SimilarityFacts& facts : all) {
    const std::string name = facts.layer + " " + facts.direction;
    separation.push_back(
        {name, std::to_string(facts.steps),
         figure("%.1f %%", facts.steps == 0 ? kNoFigure
                                            : 100 * static_cast<double>(facts.redundant) /
                                                  static_cast<double>(facts.steps)),
         figure("%.1f %%", 100 * facts.redundant_similar), figure("%.3f", facts.cut),
         figure("%.3f", facts.separation)});
    std::vector<std::string> any{name, "of any steps"}, similar{"", "of similar steps"};
    for (const SimilarityFacts::Error& error : facts.errors) {
      any.push_back(figure("%.6f", error.all));
      similar.push_back(error.runs == 0 ? "none" : print("%.6f", error.similar));
    }
    errors.push_back(any);
    errors.push_back(similar);
  }
  separation.push_back({"Jo et al., text", "", "", "> 70 %", "", ""});
  errors.push_back({"Jo et al., table II", "", "0.001698", "0.011102", "0.016924", "0.031660"});
  return "Steps whose token is that of the step before, and their share among the fifth of the "
         "steps with the highest\n"
         "similarity S; separation: probability that such a step has the higher S than another "
         "(0.5: S tells nothing)\n\n" +
         table(separation) + "\nMean squared error of h after consecutive skips\n\n" +
         table(errors);
}

void run_similarity(const SimilarityOptions& options) {
  const Model model = load_model(options.model);
  const Profile profile = load_profile(options.profile, model);
  const Policy policy = load_policy(std::nullopt, {"plan.type=similarity_skip", "plan.threshold=1",
                                                   concat("plan.shift=", options.shift)});
  std::vector<SimilaritySkip> plans;
  for (const LayerPolicy& layer : resolve(policy, model, &profile).layers) {
    const auto* skip = std::get_if<SimilaritySkip>(&layer.plan);
    plans.push_back(skip != nullptr ? *skip : SimilaritySkip{});
  }
  const data::TestSet set = data::open_test_set(options.data.path, options.data.selection);
  const std::unique_ptr<Engine> engine = make_engine(model, options.engine);
  const data::FeatureExtractor extractor(model.frontend);
  const BatchPlan plan = plan_batches(set, model, extractor, options.engine.batch);
  print_notes(plan.notes, options.output.quiet);
  print_warnings(plan.warnings);
  if (!options.out.empty()) expect_writable(options.out);
  SimilarityCollector collector(model, plans);
  const std::string hash =
      for_each_batch(set, plan, extractor, model.frontend.sample_rate, options.engine.threads,
                     options.output.quiet,
                     [&](const Ragged<float>& features) { collector.add(*engine, features); });
  const std::vector<SimilarityFacts> facts = collector.finish();
  nlohmann::ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"model", {{"name", model.name}, {"sha256", model.sha256}}},
      {"data", {{"path", options.data.path}, {"split", set.split}, {"sha256", hash}}},
      {"shift", options.shift},
      {"layers", nlohmann::ordered_json::array()}};
  for (const SimilarityFacts& each : facts) json["layers"].push_back(to_json(each));
  if (!options.out.empty()) write_file(options.out, to_text(json));
  std::cout << (options.output.format == "json" ? to_text(json) : text_tables(facts));
}

}  // namespace

void setup_similarity(CLI::App& app) {
  auto options = std::make_shared<SimilarityOptions>();
  CLI::App* command =
      app.add_subcommand("similarity", "Measure what the skip plan's similarity score tells");
  command->add_option("--model", options->model, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
  add_data_options(*command, options->data);
  command
      ->add_option("--profile", options->profile,
                   "Of the network, for the score's fixed-point formats")
      ->type_name("FILE")
      ->required();
  command->add_option("--shift", options->shift, "Low bits left out of the comparison")
      ->check(between(0, 15))
      ->capture_default_str();
  command->add_option("--out", options->out, "A JSON file for the figures")->type_name("FILE");
  add_engine_options(*command, options->engine);
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_similarity(*options); });
}

}  // namespace edgeval
