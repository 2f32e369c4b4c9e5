#include "eval/score_command.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "eval/common_options.hpp"
#include "eval/quality.hpp"
#include "eval/transcripts.hpp"
#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExample =
    "Example:\n"
    "  printf 'utt1 the cat sat\\nutt2 on the mat\\n' > ref.txt\n"
    "  printf 'utt1 the cat sat\\nutt2 on a mat\\n' > hyp.txt\n"
    "  edgeval score --reference ref.txt --hypothesis hyp.txt\n";

std::optional<TranscriptFormat> input_format(const std::string& wanted) {
  for (const TranscriptFormat format :
       {TranscriptFormat::kKaldi, TranscriptFormat::kTrn, TranscriptFormat::kLines})
    if (wanted == name(format)) return format;
  return std::nullopt;
}

bool wants(const ScoreOptions& options, const char* metric) {
  return std::ranges::find(options.metrics, metric) != options.metrics.end();
}

std::string in_percent(const std::optional<double>& value) {
  if (!value) return "n/a";
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << *value << " %";
  return text.str();
}

std::string in_percent(const std::optional<Interval>& interval) {
  if (!interval) return "n/a";
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << '[' << interval->low << ", " << interval->high
       << ']';
  return text.str();
}

void write_row(std::ostream& out, const std::vector<std::string>& cells) {
  static constexpr int kWidths[] = {6, 10, 18, 9, 8, 8, 8};
  std::ostringstream row;
  row << std::left << std::setw(kWidths[0]) << cells[0] << std::right;
  for (std::size_t i = 1; i + 1 < cells.size(); ++i) row << std::setw(kWidths[i]) << cells[i];
  out << row.str() << "  " << cells.back() << '\n';
}

void write_row(std::ostream& out, const char* title, const ErrorRate& rate, const char* unit) {
  const EditCounts& counts = rate.counts;
  write_row(out, {title, in_percent(rate.value), in_percent(rate.ci95), concat(counts.errors()),
                  concat(counts.substitutions), concat(counts.deletions), concat(counts.insertions),
                  concat("of ", counts.reference, " ", unit)});
}

// "3 (a, b, ...)"
std::string listed(const std::vector<std::string>& ids) {
  constexpr std::size_t kShown = 5;
  std::string text = concat(ids.size());
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i)
    text += (i == 0 ? " (" : ", ") + ids[i];
  if (ids.size() > kShown) text += ", ...";
  return ids.empty() ? text : text + ")";
}

// Code points of UTF-8, which stand for columns on a terminal.
std::size_t columns(std::string_view word) {
  return static_cast<std::size_t>(
      std::ranges::count_if(word, [](char c) { return (c & 0xC0) != 0x80; }));
}

// REF, HYP and EVAL one above the other, words in columns.
void write_alignment(std::ostream& out, const TranscriptPair& pair, std::size_t n,
                     const Alignment& alignment) {
  const std::vector<std::string_view> reference = split_words(pair.references[n]);
  const std::vector<std::string_view> hypothesis = split_words(pair.hypotheses[n]);
  std::string rows[3] = {"REF: ", "HYP: ", "EVAL:"};
  for (const AlignedPair& step : alignment.pairs) {
    const std::string_view letter = kEditLetters.substr(static_cast<std::size_t>(step.edit), 1);
    const std::string_view cells[3] = {step.reference < 0 ? "***" : reference[step.reference],
                                       step.hypothesis < 0 ? "***" : hypothesis[step.hypothesis],
                                       step.edit == Edit::kCorrect ? "" : letter};
    const std::size_t width = std::max(columns(cells[0]), columns(cells[1]));
    for (int row = 0; row < 3; ++row)
      rows[row].append(" ").append(cells[row]).append(width - columns(cells[row]), ' ');
  }
  out << pair.ids[n] << '\n';
  for (const std::string& row : rows) out << trimmed(row) << '\n';
  out << '\n';
}

void write_text(std::ostream& out, const ScoreOptions& options, const TranscriptPair& pair,
                const Quality& quality) {
  if (options.alignments)
    for (std::size_t n = 0; n < pair.ids.size(); ++n)
      write_alignment(out, pair, n, quality.alignments[n]);
  write_row(out, {"", "value", "95 % interval", "errors", "sub", "del", "ins", "reference"});
  if (wants(options, "wer")) write_row(out, "WER", quality.words, "words");
  if (wants(options, "cer")) write_row(out, "CER", quality.characters, "characters");
  const SentenceErrorRate& sentences = quality.sentences;
  write_row(out, {"SER", in_percent(sentences.value), in_percent(sentences.ci95),
                  concat(sentences.errors), "", "", "",
                  concat("of ", sentences.sentences, " sentences")});
  out << "missing hypotheses: " << listed(pair.missing)
      << "   empty references: " << quality.empty_references << '\n';
  if (!options.quiet)
    out << "read as " << name(pair.reference_format) << " and " << name(pair.hypothesis_format)
        << "; a missing hypothesis counts as deletions; intervals by bootstrap over sentences, "
        << BootstrapOptions{}.resamples << " resamples, seed " << options.seed << '\n';
  if (wants(options, "wer")) out << word_signature(quality.options.costs) << '\n';
  if (wants(options, "cer")) out << character_signature(quality.options.costs) << '\n';
}

ordered_json report(const ScoreOptions& options, const TranscriptPair& pair,
                    const Quality& quality) {
  ordered_json figures = to_json(quality);
  if (!wants(options, "wer")) figures.erase("wer");
  ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"reference", {{"path", options.reference}, {"format", name(pair.reference_format)}}},
      {"hypothesis", {{"path", options.hypothesis}, {"format", name(pair.hypothesis_format)}}},
      {"bootstrap", {{"resamples", BootstrapOptions{}.resamples}, {"seed", options.seed}}},
      {"utterances", pair.ids.size()},
      {"missing_hypotheses", pair.missing},
      {"quality", figures}};
  if (!options.alignments) return json;
  ordered_json details = ordered_json::array();
  for (std::size_t n = 0; n < pair.ids.size(); ++n) {
    ordered_json utterance{
        {"id", pair.ids[n]}, {"reference", pair.references[n]}, {"hypothesis", pair.hypotheses[n]}};
    utterance.update(to_json(quality.alignments[n]));
    details.push_back(utterance);
  }
  json["alignments"] = details;
  return json;
}

}  // namespace

void run_score(const ScoreOptions& options, std::ostream& out) {
  const TranscriptPair pair =
      read_transcripts(options.reference, options.hypothesis, input_format(options.input_format));
  const Quality quality =
      evaluate(pair.references, pair.hypotheses,
               {.costs = options.align == "sclite" ? EditCosts::kSclite : EditCosts::kUnit,
                .seed = options.seed,
                .characters = wants(options, "cer")});
  if (options.format == "json")
    out << report(options, pair, quality).dump(2) << '\n';
  else
    write_text(out, options, pair, quality);
}

void setup_score(CLI::App& app) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command =
      app.add_subcommand("score", "Word, character and sentence error rates of existing files");
  command->add_option("--reference", options->reference, "File of reference transcripts")
      ->required();
  command->add_option("--hypothesis", options->hypothesis, "File of hypotheses")->required();
  command
      ->add_option(
          "--input-format", options->input_format,
          "kaldi: ID words; trn: words (ID); lines: words, paired by line number; auto: by looking")
      ->check(CLI::IsMember({"auto", "kaldi", "trn", "lines"}))
      ->capture_default_str();
  command
      ->add_option(
          "--align", options->align,
          "Prices of substitution, insertion, deletion: unit 1/1/1 (Kaldi, jiwer), sclite 4/3/3")
      ->check(CLI::IsMember({"unit", "sclite"}))
      ->capture_default_str();
  command->add_option("--metric", options->metrics, "What to count; several with a comma between")
      ->check(CLI::IsMember({"wer", "cer"}))
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--format", options->format, "Output")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the bootstrap intervals")
      ->check(between(0, kLargestSeed))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--alignments", options->alignments, "Show the alignment of every utterance");
  command->add_flag("--quiet", options->quiet, "The figures alone, without notes");
  command->footer(kExample);
  command->callback([options] { run_score(*options, std::cout); });
}

}  // namespace edgeval
