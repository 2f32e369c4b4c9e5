#include "eval/command/score_command.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/metric_options.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/score_output.hpp"
#include "eval/score/text/space_note.hpp"
#include "eval/task/warnings.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr const char* kScoreExample =
    "Examples:\n"
    "  printf 'utt1 the cat sat\\nutt2 on the mat\\n' > ref.txt\n"
    "  printf 'utt1 the cat sat\\nutt2 on a mat\\n' > hyp.txt\n"
    "  edgeval score --reference ref.txt --hypothesis hyp.txt\n"
    "  printf 'The cat sat on the mat.\\n' > ref.en\n"
    "  printf 'The cat sat on a mat.\\n' > hyp.en\n"
    "  edgeval score --reference ref.en --hypothesis hyp.en --metric bleu,chrf\n";

std::vector<std::string> score_metrics() {
  std::vector<std::string> metrics = kAlignedMetrics;
  metrics.insert(metrics.end(), kTextMetrics.begin(), kTextMetrics.end());
  return metrics;
}

ordered_json figures(const ScoreOptions& options, const Scores& scores) {
  ordered_json figures = ordered_json::object();
  for (const Metric& metric : scores.errors) {
    figures[metric.name] = to_json(metric);
    if (metric.name == "ser") figures["empty_references"] = empty_references(scores.alignments);
  }
  for (const Metric& metric : scores.texts)
    figures[metric.name] = to_json(metric, options.decimals);
  return figures;
}

ordered_json score_report(const ScoreOptions& options, const Scores& scores) {
  const TranscriptPair& pair = scores.pair();
  ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"reference",
       {{"path", options.choice.references.front()}, {"format", name(pair.reference_format)}}},
      {"hypothesis", {{"path", options.hypothesis}, {"format", name(pair.hypothesis_format)}}},
      {"bootstrap", {{"resamples", BootstrapOptions{}.resamples}, {"seed", options.seed}}},
      {"utterances", pair.ids.size()},
      {"missing_hypotheses", pair.missing},
      {"quality", figures(options, scores)}};
  if (options.choice.references.size() > 1) json["reference"]["paths"] = options.choice.references;
  if (!options.alignments || scores.errors.empty()) return json;
  ordered_json details = ordered_json::array();
  for (std::size_t n = 0; n < pair.ids.size(); ++n) {
    ordered_json utterance{
        {"id", pair.ids[n]}, {"reference", pair.references[n]}, {"hypothesis", pair.hypotheses[n]}};
    utterance.update(to_json(scores.alignments[n]));
    details.push_back(utterance);
  }
  json["alignments"] = details;
  return json;
}

std::vector<std::string> space_notes(const ScoreOptions& options, const TranscriptPair& pair) {
  std::vector<std::string> notes{
      space_note(options.choice.references.front(), pair.references, "line"),
      space_note(options.hypothesis, pair.hypotheses, "line")};
  std::erase(notes, "");
  return notes;
}

}  // namespace

void run_score(const ScoreOptions& options, std::ostream& out) {
  const MetricChoice& choice = options.choice;
  EDGEVAL_EXPECTS(!options.alignments || choice.wants_any(kAlignedMetrics),
                  "--alignments shows the alignment of wer, cer, ser or symbol, of which none is "
                  "counted here; leave it out, or name one with --metric");
  EDGEVAL_EXPECTS(
      options.decimals == ScoreOptions{}.decimals || choice.wants_any({"bleu", "chrf", "chrf++"}),
      "--decimals concerns bleu, chrf or chrf++ alone, and no such metric is counted here; leave "
      "it out, or name one with --metric");
  Scores scores{.pairs = choice.read(options.hypothesis)};
  const MetricOptions rules = choice.rules();
  const std::vector<std::vector<std::string>> references = references_of(scores.pairs);
  const std::vector<std::string>& hypotheses = scores.pair().hypotheses;
  const auto measured = [&](const std::vector<std::string>& names) {
    return measure_all(names, references, hypotheses, rules, options.seed, scores.alignments);
  };
  if (choice.wants_any(kAlignedMetrics)) {
    write_notes(std::cerr, space_notes(options, scores.pair()), options.quiet);
    scores.alignments = align_all(references.front(), hypotheses, rules.costs);
    std::vector<std::string> wanted = kAlignedMetrics;
    std::erase_if(wanted, [&](const auto& name) { return name != "ser" && !choice.wants(name); });
    scores.errors = measured(wanted);
  }
  std::vector<std::string> wanted = kTextMetrics;
  std::erase_if(wanted, [&](const auto& name) { return !choice.wants(name); });
  scores.texts = measured(wanted);
  if (!scores.errors.empty())
    write_warnings(std::cerr, text_warnings(references.front(), hypotheses));
  if (options.format == "json")
    out << score_report(options, scores).dump(2) << '\n';
  else
    write_text(out, options, scores);
}

void setup_score(CLI::App& app) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command = app.add_subcommand("score", "Error rates, BLEU and chrF of existing files");
  command
      ->add_option("--reference", options->choice.references,
                   "File of references; several for bleu, chrf and exact")
      ->type_name("FILE")
      ->required();
  command->add_option("--hypothesis", options->hypothesis, "File of hypotheses")
      ->type_name("FILE")
      ->required();
  add_metric_options(*command, options->choice, score_metrics());
  command->add_option("--decimals", options->decimals, "Decimals of bleu and chrf")
      ->check(between(0, 15))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--format", options->format, "Form of the output")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_seed_option(*command, options->seed, "Seed of the bootstrap intervals");
  command->add_flag("--alignments", options->alignments, "Show the alignment of every utterance");
  command->add_flag("--quiet", options->quiet, "The figures alone, without notes");
  command->footer(kScoreExample);
  command->callback([options] { run_score(*options, std::cout); });
}

}  // namespace edgeval
