#include "eval/command/compare_command.hpp"

#include <iostream>
#include <memory>

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/metric_options.hpp"
#include "eval/report/comparison_output.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/stored_run.hpp"
#include "eval/score/comparison.hpp"
#include "eval/task/warnings.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr const char* kCompareExample =
    "Examples, after two of `edgeval run ... --out`:\n"
    "  edgeval compare out_dense out_skip\n"
    "  edgeval compare out_dense out_skip --max-loss 1.5 --confidence 0.95\n"
    "  edgeval compare beam1.de beam5.de --reference test.de --metric bleu,chrf\n"
    "Exit code 3: the loss, or with --confidence its bound, exceeds --max-loss.\n";

struct CompareOptions {
  std::string a, b;  // paths of runs or of files of hypotheses
  ComparisonOptions comparison;
  std::optional<double> max_loss, confidence;
  OutputChoice output;
};

bool are_runs(const CompareOptions& options) {
  const bool runs = is_run(options.a), of_b = is_run(options.b);
  const bool referenced = !options.comparison.choice.references.empty();
  EDGEVAL_EXPECTS(runs == of_b, runs ? options.a : options.b, " is of a run, ",
                  runs ? options.b : options.a,
                  " is not; compare two runs, or two files of hypotheses");
  EDGEVAL_EXPECTS(!runs || !referenced, "--reference: a run brings its own references");
  EDGEVAL_EXPECTS(
      runs || referenced,
      "--reference is wanted to compare files of hypotheses; name a file, or folders of runs");
  return runs;
}

void apply(const TextRules& rules, Outputs& outputs) {
  for (std::vector<std::string>& texts : outputs.references)
    texts = applied(rules, std::move(texts));
  outputs.hypotheses = applied(rules, std::move(outputs.hypotheses));
}

// Warns of hypotheses of which no word is right. Two such systems differ in nothing.
void warn_of_texts(const std::string& path, const Outputs& outputs) {
  std::vector<std::string> warnings = text_warnings(outputs.references.front(), outputs.hypotheses);
  for (std::string& warning : warnings) warning = concat(path, ": ", warning);
  write_warnings(std::cerr, warnings);
}

Comparison compare(CompareOptions& options) {
  MetricChoice& choice = options.comparison.choice;
  const bool runs = are_runs(options);
  if (choice.metrics.empty() && !runs) choice.metrics = default_metrics(OutputSource::kFiles);
  const auto read = [&](const std::string& path) {
    return runs ? read_run(path) : read_hypotheses(path, choice);
  };
  Outputs a = read(options.a), b = read(options.b);
  if (choice.metrics.empty()) choice.metrics = default_metrics(a.source);
  choice.expect_rules_fit();
  if (runs)
    for (Outputs* outputs : {&a, &b}) apply(choice.text, *outputs);
  Comparison comparison = compare(a, b, options.a, options.b, options.comparison);
  if (choice.wants_any(kAlignedMetrics)) {
    warn_of_texts(options.a, a);
    warn_of_texts(options.b, b);
  }
  return comparison;
}

std::optional<LossVerdict> judge(const CompareOptions& options, const Comparison& comparison) {
  if (!options.max_loss) return std::nullopt;
  return judge_loss(comparison.metrics.front(), comparison.utterances,
                    {*options.max_loss, options.confidence});
}

void run_compare(CompareOptions options) {
  if (options.max_loss)
    expect_usable({*options.max_loss, options.confidence}, options.comparison.paired.resamples);
  const Comparison comparison = compare(options);
  const std::optional<LossVerdict> verdict = judge(options, comparison);
  const ComparisonTitle title{options.a, options.b};
  if (options.output.format == "json") {
    nlohmann::ordered_json json = to_json(comparison, title, options.comparison);
    if (verdict) json["gate"] = to_json(*verdict);
    std::cout << json.dump(2) << '\n';
  } else {
    write_text(std::cout, comparison, title, options.comparison, options.output.quiet);
    if (verdict) std::cout << verdict_line(*verdict);
  }
  if (verdict && !verdict->passed) throw CLI::RuntimeError(kLossExceeded);
}

}  // namespace

void setup_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare", "Whether two runs, or files of hypotheses, differ beyond chance");
  command->add_option("A", options->a, "Folder of a run, or a file of hypotheses")->required();
  command->add_option("B", options->b, "Folder of another run, or another file")->required();
  command
      ->add_option("--reference", options->comparison.choice.references,
                   "File of references, to compare files")
      ->type_name("FILE");
  std::vector<std::string> metrics = kErrorMetrics;
  metrics.insert(metrics.end(), kTextMetrics.begin(), kTextMetrics.end());
  add_metric_options(*command, options->comparison.choice, metrics);
  command->get_option("--metric")
      ->default_str("")
      ->description(
          "What to count; several with a comma between; wer,cer,ser of speech and "
          "bleu,chrf of translations unless said");
  CLI::Option* max_loss =
      command
          ->add_option("--max-loss", options->max_loss,
                       "What B may lose against A in the first metric, in its points; if it loses "
                       "more the exit code is 3")
          ->type_name("POINTS");
  command
      ->add_option("--confidence", options->confidence,
                   "Holds --max-loss against the upper bound of the loss with this confidence, "
                   "such as 0.95")
      ->type_name("C")
      ->needs(max_loss);
  command
      ->add_option("--resamples", options->comparison.paired.resamples,
                   "Resamples of the paired bootstrap")
      ->check(between(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--trials", options->comparison.paired.trials,
                   "Trials of approximate randomization")
      ->check(between(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  add_seed_option(*command, options->comparison.paired.seed, "Seed of both");
  add_output_options(*command, options->output);
  command->get_option("--quiet")->description("The figures alone, without notes");
  command->footer(kCompareExample);
  command->callback([options] { run_compare(*options); });
}

}  // namespace edgeval
