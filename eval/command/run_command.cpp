#include "eval/command/run_command.hpp"

#include <algorithm>
#include <iostream>

#include "eval/command/common_options.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/report.hpp"
#include "eval/report/run_files.hpp"
#include "eval/report/summary.hpp"
#include "eval/report/translation_report.hpp"
#include "eval/task/warnings.hpp"
#include "host/core/error.hpp"
#include "host/core/output_folder.hpp"
#include "host/core/text.hpp"
#include "host/engine/counting.hpp"
#include "host/engine/ctc.hpp"
#include "host/model/file.hpp"
#include "host/model/transform.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken "
    "\\\n"
    "      --policy datasets/spoken/skip.yaml --hardware reuse32 --out out\n"
    "  edgeval run --model datasets/captions/multi30k-en-de.safetensors --data "
    "datasets/captions/captions.en \\\n"
    "      --reference datasets/captions/captions.de --set beam.type=fixed --set beam.width=5 "
    "--out out\n"
    "A policy names one choice per axis; `edgeval info` lists them all. Without --policy the run "
    "is dense.\n";

struct RunOptions {
  std::string model;
  DataChoice data;
  std::optional<std::string> policy, profile;
  std::vector<std::string> settings;
  std::vector<std::string> hardware;
  std::string out = "out";
  bool no_reference = false;
  // Of translation models.
  std::vector<std::string> references;
  SearchOptions search;
  std::string length_penalty = "none";
  bool replace_unknown = false, reference_perplexity = false;
  std::vector<const CLI::Option*> translation_only;
  // Of speech models.
  TextRules text;
  EngineChoice engine;
  OutputChoice output;
  std::uint64_t seed = 0;
};

std::optional<Profile> profile_for(const RunOptions& options, const Policy& policy,
                                   const Model& model) {
  if (options.profile) return load_profile(*options.profile, model);
  if (policy.profile) return load_profile(*policy.profile, model);
  return std::nullopt;
}

// Everything the report will ask of the accelerator.
void expect_prices(const hw::Accelerator& accelerator, const Activity& busiest) {
  const Pricing pricing = price_beside_dense(accelerator, busiest, 1);
  EDGEVAL_EXPECTS(pricing.price.seconds > 0 && pricing.dense.seconds > 0, accelerator.file,
                  ": no rule of cycles counts any work of this network");
}

// For the network with its own weights, on the device of the engine it stands beside.
std::unique_ptr<Engine> make_reference(const Model& trained, EngineChoice options,
                                       const Engine& beside) {
  if (options.device == "auto") options.device = beside.on_gpu() ? "gpu" : "cpu";
  return make_engine(trained, options);
}

// Chosen before the long work: a price that fails afterwards helps nobody.
ChosenAccelerators accelerators_for(const RunOptions& options, const Activity& busiest) {
  ChosenAccelerators chosen = choose_accelerators(options.hardware, busiest);
  for (const hw::Accelerator& accelerator : chosen.accelerators)
    expect_prices(accelerator, busiest);
  return chosen;
}

// Writes the files into the folder, in the place of an earlier run's, and prints the report or the
// summary.
void finish(const RunOptions& options, OutputFolder& folder, const NamedTexts& files,
            const std::string& summary, const std::vector<std::string>& warnings) {
  folder.publish(files);
  std::string wrote;
  for (const auto& [name, text] : files)
    wrote +=
        (wrote.empty() ? "wrote " : ", ") + (std::filesystem::path(options.out) / name).string();
  std::cout << (options.output.format == "json" ? files.front().second
                                                : printable(summary + wrote + "\n"));
  std::cout.flush();
  print_warnings(warnings);
}

// Locked from before the work, whose result it will take, until after it.
OutputFolder folder_of(const RunOptions& options) {
  return {options.out, {std::begin(kRunFiles), std::end(kRunFiles)}};
}

void append(std::vector<std::string>& warnings, const std::vector<std::string>& more) {
  warnings.insert(warnings.end(), more.begin(), more.end());
}

// A model whose end token is not the one it was trained with never ends a sentence; a beam whose
// limits suit other scores is never narrower than the fixed one it is measured against.
std::vector<std::string> search_warnings(const TranslationOutcome& outcome,
                                         const SearchOptions& search) {
  std::vector<std::string> warnings;
  const CutOff cut = cut_off(outcome);
  if (cut.sentences > 0 && cut.sentences == cut.of)
    warnings.push_back(
        concat("every hypothesis was cut off at --max-length ", search.longest,
               "; are the vocabulary's ids, its end token above all, those of the training?"));
  append(warnings, beam_warnings(search.beam, outcome.counts));
  return warnings;
}

void run_speech(const RunOptions& options, const Model& trained) {
  for (const CLI::Option* option : options.translation_only)
    EDGEVAL_EXPECTS(option->count() == 0, option->get_name(), " is for translation models; ",
                    trained.path, " is of task ", trained.task);
  const Policy policy = load_policy(options.policy, options.settings);
  const auto [model, weights] = transform(trained, policy.weights);
  const std::optional<Profile> profile = profile_for(options, policy, model);
  const OperatingPoint point = resolve(policy, model, profile ? &*profile : nullptr);
  const data::TestSet set = data::open_test_set(options.data.path, options.data.selection);
  const ChosenAccelerators chosen = accelerators_for(options, busiest_activity(model, point, 2));
  const std::unique_ptr<Engine> engine = make_engine(model, options.engine);
  OutputFolder folder = folder_of(options);

  const bool as_trained = std::holds_alternative<AsTrained>(policy.weights);
  std::vector<Candidate> candidates{{engine.get(), point}};
  std::unique_ptr<Engine> of_trained;
  if (!options.no_reference && !as_trained)
    of_trained = make_reference(trained, options.engine, *engine);
  if (!options.no_reference && !(as_trained && is_dense(point)))
    candidates.push_back({as_trained ? engine.get() : of_trained.get(), dense_point(trained)});
  const Evaluation evaluation = evaluate(model, set, candidates,
                                         {.batch = options.engine.batch,
                                          .threads = options.engine.threads,
                                          .seed = options.seed,
                                          .text = options.text,
                                          .quiet = options.output.quiet});
  print_notes(evaluation.notes, options.output.quiet);

  Run run{model,   set,         options.data.path, evaluation.data_sha256, policy,
          point,   evaluation,  engine->device(),  chosen.accelerators,    chosen.left_out,
          weights, options.text};
  run.warnings = text_warnings(evaluation.references, run.outcome().hypotheses,
                               applied(options.text, token_texts(model.tokens)));
  append(run.warnings, evaluation.warnings);
  append(run.warnings, policy_warnings(model, point, run.outcome().total));
  std::vector<Pricing> pricings;
  for (const hw::Accelerator& accelerator : chosen.accelerators)
    pricings.push_back(
        price_beside_dense(accelerator, run.outcome().total, evaluation.audio_seconds()));
  finish(options, folder,
         run_files(report_to_json(run, pricings), {{kUtterancesFile, utterances_to_jsonl(run)}}),
         summary(run, pricings, options.output.detail()), run.warnings);
}

// The search that the options and the policy ask for.
SearchOptions search_of(const RunOptions& options, const Beam& beam) {
  SearchOptions search = options.search;
  const auto penalty = std::ranges::find(kLengthPenaltyNames, options.length_penalty);
  search.penalty = static_cast<LengthPenalty>(penalty - std::begin(kLengthPenaltyNames));
  search.beam = beam;
  const int widest = widest_of(beam);
  EDGEVAL_EXPECTS(search.n_best <= widest, "--n-best ", search.n_best, ": the beam is only ",
                  widest, " wide");
  EDGEVAL_EXPECTS(search.shortest < search.longest, "--min-length ", search.shortest,
                  ": must be below --max-length ", search.longest);
  return search;
}

data::TextSet open_texts(const RunOptions& options) {
  EDGEVAL_EXPECTS(options.data.selection.split.empty() && options.data.selection.ids.empty(),
                  options.data.path,
                  ": a file of text has no parts and no ids; leave --split and --utterance out");
  EDGEVAL_EXPECTS(options.data.selection.kinds == data::AudioKinds::kChecked, options.data.path,
                  ": a file of text holds no audio; leave --any-audio out");
  data::TextSet set =
      data::open_text_set(options.data.path, {options.references.begin(), options.references.end()},
                          options.data.selection.limit, options.data.budget.bytes());
  EDGEVAL_EXPECTS(!options.reference_perplexity || !set.references.empty(),
                  "--reference-perplexity wants a --reference to measure");
  return set;
}

void run_translation(const RunOptions& options, const TranslationModel& trained) {
  EDGEVAL_EXPECTS(!options.text.changes_anything(),
                  "--case and --normalize are for speech models; ", trained.network.path,
                  " is of task ", trained.network.task);
  const Policy policy = load_policy(options.policy, options.settings);
  const auto [model, weights] = transform(trained, policy.weights);
  const std::optional<Profile> profile = profile_for(options, policy, model.network);
  SearchOptions search = search_of(options, resolve_beam(policy, profile ? &*profile : nullptr));
  const data::TextSet set = open_texts(options);
  const Translator translator = make_translator(model, options.engine);
  std::vector<TranslationCandidate> candidates{
      {&translator, resolve(policy, model.network, profile ? &*profile : nullptr), search}};
  const ChosenAccelerators chosen =
      accelerators_for(options, translator.busiest(candidates[0].point, 2));
  OutputFolder folder = folder_of(options);

  const bool as_trained = std::holds_alternative<AsTrained>(policy.weights);
  std::optional<Translator> of_trained;
  const bool is_reference =
      as_trained && is_dense(candidates[0].point) && std::holds_alternative<FixedBeam>(search.beam);
  if (!options.no_reference && !is_reference) {
    if (!as_trained) of_trained.emplace(make_translator(trained, options.engine));
    search.beam = FixedBeam{static_cast<double>(widest_of(search.beam))};
    candidates.push_back(
        {as_trained ? &translator : &*of_trained, dense_point(trained.network), search});
  }
  const TranslationEvaluation evaluation =
      evaluate(model, set, candidates,
               {.batch = options.engine.batch,
                .seed = options.seed,
                .quiet = options.output.quiet,
                .replace_unknown = options.replace_unknown,
                .reference_perplexity = options.reference_perplexity});

  TranslationRun run{model,
                     set,
                     policy,
                     evaluation,
                     candidates,
                     translator.device(),
                     chosen.accelerators,
                     chosen.left_out,
                     weights};
  run.warnings = search_warnings(run.outcome(), candidates[0].search);
  append(run.warnings, policy_warnings(model.network, candidates[0].point, run.outcome().total));
  std::vector<Pricing> pricings;
  for (const hw::Accelerator& accelerator : chosen.accelerators)
    pricings.push_back(price_beside_dense(accelerator, run.outcome().total, 0, run.dense_total()));
  finish(options, folder,
         run_files(report_to_json(run, pricings), {{kUtterancesFile, utterances_to_jsonl(run)},
                                                   {kHypothesesFile, hypotheses_to_text(run)}}),
         summary(run, pricings, options.output.detail()), run.warnings);
}

void run_run(const RunOptions& options) {
  const AnyModel model = load_any_model(options.model);
  if (const auto* speech = std::get_if<Model>(&model)) return run_speech(options, *speech);
  run_translation(options, std::get<TranslationModel>(model));
}

void add_translation_options(CLI::App& command, RunOptions& options) {
  const char* group = "Translation";
  command
      .add_option("--reference", options.references,
                  "Translations of the --data, line by line; repeat for several")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--max-length", options.search.longest,
                  "Tokens of a hypothesis at most, its end included")
      ->check(between(1, 100'000))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--min-length", options.search.shortest,
                  "Tokens of a hypothesis before it may end")
      ->check(between(0, 100'000))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--n-best", options.search.n_best,
                  "Hypotheses of each sentence in utterances.jsonl")
      ->check(between(1, kWidestBeam))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--length-penalty", options.length_penalty,
                  "Divides a hypothesis's score: none, wu or avg")
      ->check(CLI::IsMember({"none", "wu", "avg"}).description(""))
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  command.add_option("--alpha", options.search.alpha, "Exponent of the length penalty wu")
      ->check(CLI::Range(0.0, 100.0).description(""))
      ->type_name("A")
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--replace-unknown", options.replace_unknown,
                "Put the source's word that attention saw for an unknown one")
      ->group(group);
  command
      .add_flag("--reference-perplexity", options.reference_perplexity,
                "Also measure the perplexity of the reference")
      ->group(group);
  for (const CLI::Option* option : std::as_const(command).get_options())
    if (option->get_group() == group) options.translation_only.push_back(option);
}

}  // namespace

void setup_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Evaluate a model on a test set under a policy");
  command->add_option("--model", options->model, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
  add_data_options(*command, options->data);
  command
      ->add_option("--policy", options->policy,
                   "What is done to save energy: a YAML file; without one, nothing")
      ->type_name("FILE");
  command
      ->add_option("--profile", options->profile,
                   "Ranges and formats of the layers, made by edgeval profile")
      ->type_name("FILE");
  command
      ->add_option("--set", options->settings,
                   "Override keys of the policy, such as operand.clusters=12")
      ->type_name("KEY=VALUE");
  command
      ->add_option("--hardware", options->hardware,
                   "Accelerators that price the work; without it, all shipped")
      ->type_name("NAME|FILE");
  command
      ->add_option("--out", options->out,
                   "Folder for report.json, utterances.jsonl and a translation's hypotheses.txt")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_flag("--no-reference", options->no_reference,
                    "Do not run the dense network beside the policy");
  command->add_option("--seed", options->seed, "Of the bootstrap intervals")
      ->check(between(0, kLargestSeed))
      ->type_name("N")
      ->capture_default_str();
  add_text_options(*command, options->text);
  add_translation_options(*command, *options);
  add_engine_options(*command, options->engine);
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_run(*options); });
}

}  // namespace edgeval
