#include "eval/command/similarity_command.hpp"

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "eval/command/evaluate.hpp"
#include "eval/command/options/common_options.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/table.hpp"
#include "eval/task/similarity.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kSimilarityExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval similarity --model datasets/spoken/speech-blstm3x128.safetensors --data "
    "datasets/spoken \\\n"
    "      --profile datasets/spoken/profile.json\n";

struct SimilarityOptions {
  std::string model, profile, out;
  Request request;
  Index shift = 10;
  OutputChoice output;
};

// Returns the value with these decimals and the unit, or "n/a" when there is no value.
std::string figure(double value, int decimals, const char* unit = "") {
  return std::isnan(value) ? "n/a" : fixed(value, decimals) + unit;
}

// Returns the tables for people. Their last rows have the figures that P1 gives: 70 % (section
// III-A) and the errors of table II.
std::string text_tables(const std::vector<SimilarityFacts>& all) {
  std::vector<std::vector<std::string>> separation{
      {"layer", "steps", "redundant", "of the similar fifth", "its S from", "separation"}};
  std::vector<std::vector<std::string>> errors{{"layer", "skips", "1", "2", "3", "4"}};
  for (const SimilarityFacts& facts : all) {
    const std::string name = facts.layer + " " + facts.direction;
    separation.push_back({name, std::to_string(facts.steps),
                          figure(facts.steps == 0 ? kNoFigure
                                                  : 100 * static_cast<double>(facts.redundant) /
                                                        static_cast<double>(facts.steps),
                                 1, " %"),
                          figure(100 * facts.redundant_similar, 1, " %"), figure(facts.cut, 3),
                          figure(facts.separation, 3)});
    std::vector<std::string> any{name, "of any steps"}, similar{"", "of similar steps"};
    for (const SimilarityFacts::Error& error : facts.errors) {
      any.push_back(figure(error.all, 6));
      similar.push_back(error.runs == 0 ? "none" : figure(error.similar, 6));
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

// Returns the plan of each layer whose score is measured.
std::vector<SimilaritySkip> plans_of(const Point& point) {
  std::vector<SimilaritySkip> plans;
  for (const LayerPolicy& layer : point.layers.layers) {
    const auto* skip = std::get_if<SimilaritySkip>(&layer.plan);
    plans.push_back(skip != nullptr ? *skip : SimilaritySkip{});
  }
  return plans;
}

nlohmann::ordered_json to_json(const std::vector<SimilarityFacts>& facts, const Model& model,
                               const nlohmann::ordered_json& data, Index shift) {
  nlohmann::ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"model", {{"name", model.name}, {"sha256", model.sha256}}},
      {"data",
       {{"path", data.at("path")}, {"split", data.at("split")}, {"sha256", data.at("sha256")}}},
      {"shift", shift},
      {"layers", nlohmann::ordered_json::array()}};
  for (const SimilarityFacts& each : facts) json["layers"].push_back(to_json(each));
  return json;
}

// The order of the steps makes a mistake of the user show before the long work begins.
void run_similarity(const SimilarityOptions& options) {
  expect_one_device(options.request.engine);
  // Only speech models give a token for each frame.
  const auto model = std::make_shared<const Model>(load_model(options.model));
  const Profile profile = load_profile(options.profile, *model);
  Policy policy = load_policy(std::nullopt, {"plan.type=similarity_skip", "plan.threshold=1",
                                             concat("plan.shift=", options.shift)});
  policy.source = options.profile;  // what may be wrong with the plan comes from there
  const Tasks tasks = make_tasks();
  const Task& task = task_of(tasks, model);
  const std::unique_ptr<Session> session = task.open(model, options.request);
  const Point point = session->resolve(policy, &profile);
  const std::vector<std::vector<Index>> batches = session->observed_batches();
  write_notes(std::cerr, session->notes(), options.output.quiet);
  write_warnings(std::cerr, session->set_warnings());
  if (!options.out.empty()) expect_writable(options.out);
  SimilarityCollector collector(model, plans_of(point));
  observe(*session, batches, reference_of(*model, point), collector, task.info().item,
          options.output.display());
  write_notes(std::cerr, session->late_notes(), options.output.quiet);
  const std::vector<SimilarityFacts> facts = collector.finish();
  const std::string json = to_text(to_json(facts, *model, session->data(), options.shift));
  if (!options.out.empty()) write_file(options.out, json);
  std::cout << (options.output.format == "json" ? json : text_tables(facts));
}

}  // namespace

void setup_similarity(CLI::App& app) {
  auto options = std::make_shared<SimilarityOptions>();
  CLI::App* command =
      app.add_subcommand("similarity", "Measure what the skip plan's similarity score tells");
  command->add_option("--model", options->model, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
  add_data_options(*command, options->request.data);
  command
      ->add_option("--profile", options->profile,
                   "Profile of the network, for the score's fixed-point formats")
      ->type_name("FILE")
      ->required();
  command->add_option("--shift", options->shift, "Low bits left out of the comparison")
      ->check(between(0, 15))
      ->capture_default_str();
  command->add_option("--out", options->out, "A JSON file for the figures")->type_name("FILE");
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  add_output_options(*command, options->output);
  command->footer(kSimilarityExample);
  command->callback([options] { run_similarity(*options); });
}

}  // namespace edgeval
