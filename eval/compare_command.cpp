#include "eval/compare_command.hpp"

#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "eval/common_options.hpp"
#include "eval/mapsswe.hpp"
#include "eval/number_text.hpp"
#include "eval/outputs.hpp"
#include "eval/significance.hpp"
#include "eval/table.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExample =
    "Examples, after two of `edgeval run ... --out`:\n"
    "  edgeval compare out_dense out_skip\n"
    "  edgeval compare beam1.de beam5.de --reference test.de --metric bleu,chrf\n";

struct CompareOptions {
  std::string a, b;  // paths
  MetricChoice choice;
  PairedOptions paired;
  OutputChoice output;
};

struct Compared {
  std::string name, title, signature;
  PairedComparison figures;
};

// Work of B over that of A.
struct WorkRatio {
  std::string kind;
  double a, b;
  std::optional<double> ratio;
  std::optional<Interval> interval;
};

struct Comparison {
  std::size_t utterances;
  std::vector<Compared> metrics;
  std::optional<MatchedPairs> matched;  // when WER is compared
  std::vector<WorkRatio> work;          // of runs
};

std::vector<Compared> compare_metrics(const CompareOptions& options, const Outputs& a,
                                      const Outputs& b) {
  const MetricOptions rules = options.choice.rules();
  std::vector<Compared> compared;
  for (const std::string& name : options.choice.metrics) {
    const Metric of_a = measure(name, a.references, a.hypotheses, rules);
    const Metric of_b = measure(name, b.references, b.hypotheses, rules);
    compared.push_back(
        {name, of_a.title, of_a.signature,
         compare_paired(of_a.statistics, of_b.statistics, of_a.score, options.paired)});
  }
  return compared;
}

std::optional<double> ratio_of_sums(std::span<const double> sums) {
  if (sums[0] == 0) return std::nullopt;
  return sums[1] / sums[0];
}

std::vector<WorkRatio> compare_work(const Outputs& a, const Outputs& b,
                                    const PairedOptions& options) {
  std::vector<WorkRatio> ratios;
  for (const auto& [kind, of_a] : a.work) {
    const auto of_b = b.work.find(kind);
    if (of_b == b.work.end()) continue;
    Statistics statistics(2);
    for (std::size_t n = 0; n < of_a.size(); ++n) statistics.add({of_a[n], of_b->second[n]});
    const std::vector<double> sums = statistics.sum();
    ratios.push_back({kind, sums[0], sums[1], ratio_of_sums(sums),
                      bootstrap(statistics, ratio_of_sums,
                                {.seed = options.seed, .resamples = options.resamples})});
  }
  return ratios;
}

Comparison compare(const CompareOptions& options) {
  const bool runs = is_run(options.a);
  EDGEVAL_EXPECTS(runs == is_run(options.b), runs ? options.a : options.b, " is of a run, ",
                  runs ? options.b : options.a,
                  " is not; compare two runs, or two files of hypotheses");
  EDGEVAL_EXPECTS(!runs || options.choice.references.empty(),
                  "--reference: a run brings its own references");
  EDGEVAL_EXPECTS(
      runs || !options.choice.references.empty(),
      "--reference is wanted to compare files of hypotheses; name a file, or folders of runs");
  const auto read = [&](const std::string& path) {
    return runs ? read_run(path) : read_hypotheses(path, options.choice);
  };
  const Outputs a = read(options.a), b = read(options.b);
  expect_same_utterances(a, b, options.a, options.b);
  Comparison comparison{
      a.ids.size(), compare_metrics(options, a, b), {}, compare_work(a, b, options.paired)};
  if (options.choice.wants("wer"))
    comparison.matched = matched_pairs(a.references.front(), a.hypotheses, b.hypotheses);
  return comparison;
}

std::string number(const std::optional<double>& value, int decimals) {
  return value ? fixed(*value, decimals) : "n/a";
}

std::string bounds(const std::optional<Interval>& interval, int decimals) {
  return interval ? concat('[', fixed(interval->low, decimals), ", ",
                           fixed(interval->high, decimals), ']')
                  : "n/a";
}

std::string signed_number(const std::optional<double>& value) {
  return value && *value > 0 ? "+" + number(value, 2) : number(value, 2);
}

std::string mapsswe_line(const MatchedPairs& matched) {
  return concat("matched pairs (MAPSSWE): ", matched.segments, " segments, errors ",
                matched.sum.errors_a, " and ", matched.sum.errors_b, ", mean difference ",
                fixed(matched.mean, 3), ", Z ", fixed(matched.z, 3), ", p ", fixed(matched.p, 4),
                "\n");
}

void write_text(std::ostream& out, const CompareOptions& options, const Comparison& comparison) {
  const PairedOptions& paired = options.paired;
  out << "A " << options.a << ", B " << options.b << ": " << comparison.utterances
      << " utterances\n";
  std::vector<std::vector<std::string>> rows{
      {"", "A", "B", "B - A", "95 % interval", "p bootstrap", "p randomization"}};
  for (const Compared& metric : comparison.metrics) {
    const PairedComparison& figures = metric.figures;
    rows.push_back({metric.title, number(figures.a, 2), number(figures.b, 2),
                    signed_number(figures.difference), bounds(figures.interval, 2),
                    number(figures.p_bootstrap, 4), number(figures.p_randomization, 4)});
  }
  out << table(rows);
  if (comparison.matched) out << mapsswe_line(*comparison.matched);
  if (!comparison.work.empty()) {
    rows = {{"", "B / A", "95 % interval"}};
    for (const WorkRatio& work : comparison.work)
      rows.push_back({work.kind, number(work.ratio, 3), bounds(work.interval, 3)});
    out << table(rows);
  }
  if (options.output.quiet) return;
  out << "paired bootstrap, " << paired.resamples << " resamples; approximate randomization, "
      << paired.trials << " trials; seed " << paired.seed << '\n';
  for (const Compared& metric : comparison.metrics)
    out << metric.title << '|' << metric.signature << '\n';
}

ordered_json to_json(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json to_json(const std::optional<Interval>& interval) {
  return interval ? ordered_json{interval->low, interval->high} : ordered_json(nullptr);
}

ordered_json to_json(const Compared& metric) {
  const PairedComparison& figures = metric.figures;
  return {{"a", to_json(figures.a)},
          {"b", to_json(figures.b)},
          {"difference", to_json(figures.difference)},
          {"ci95", to_json(figures.interval)},
          {"p_bootstrap", to_json(figures.p_bootstrap)},
          {"p_randomization", to_json(figures.p_randomization)},
          {"signature", metric.signature}};
}

ordered_json to_json(const MatchedPairs& matched) {
  return {{"segments", matched.segments},
          {"words", matched.sum.reference},
          {"errors_a", matched.sum.errors_a},
          {"errors_b", matched.sum.errors_b},
          {"mean", matched.mean},
          {"standard_deviation", matched.deviation},
          {"z", matched.z},
          {"p", matched.p}};
}

ordered_json report(const CompareOptions& options, const Comparison& comparison) {
  const PairedOptions& paired = options.paired;
  ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"a", options.a},
      {"b", options.b},
      {"references", options.choice.references},
      {"utterances", comparison.utterances},
      {"tests",
       {{"resamples", paired.resamples}, {"trials", paired.trials}, {"seed", paired.seed}}}};
  json["quality"] = ordered_json::object();
  for (const Compared& metric : comparison.metrics) json["quality"][metric.name] = to_json(metric);
  if (comparison.matched) json["matched_pairs"] = to_json(*comparison.matched);
  json["work"] = ordered_json::object();
  for (const WorkRatio& work : comparison.work)
    json["work"][work.kind] = {{"a", work.a},
                               {"b", work.b},
                               {"ratio", to_json(work.ratio)},
                               {"ci95", to_json(work.interval)}};
  return json;
}

void run_compare(CompareOptions options) {
  if (options.choice.metrics.empty())
    options.choice.metrics =
        is_run(options.a) ? kErrorMetrics : std::vector<std::string>{"bleu", "chrf"};
  const Comparison comparison = compare(options);
  if (options.output.format == "json")
    std::cout << report(options, comparison).dump(2) << '\n';
  else
    write_text(std::cout, options, comparison);
}

}  // namespace

void setup_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare", "Whether two runs, or files of hypotheses, differ beyond chance");
  command->add_option("A", options->a, "Folder of a run, or a file of hypotheses")->required();
  command->add_option("B", options->b, "Folder of another run, or another file")->required();
  command
      ->add_option("--reference", options->choice.references,
                   "File of references, to compare files")
      ->type_name("FILE");
  std::vector<std::string> metrics = kErrorMetrics;
  metrics.insert(metrics.end(), kTextMetrics.begin(), kTextMetrics.end());
  add_metric_options(*command, options->choice, metrics);
  command->add_option("--resamples", options->paired.resamples, "Of the paired bootstrap")
      ->check(between(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--trials", options->paired.trials, "Of approximate randomization")
      ->check(between(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--seed", options->paired.seed, "Of both")
      ->check(between(0, kLargestSeed))
      ->type_name("N")
      ->capture_default_str();
  add_output_options(*command, options->output);
  command->footer(kExample);
  command->callback([options] { run_compare(*options); });
}

}  // namespace edgeval
