#include "eval/report/score_output.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

std::string in_percent(const std::optional<double>& value) {
  return value ? fixed(*value, 2) + " %" : "n/a";
}

std::string bounds(const std::optional<Interval>& interval) {
  return interval ? concat('[', fixed(interval->low, 2), ", ", fixed(interval->high, 2), ']')
                  : "n/a";
}

void write_row(std::ostream& out, const std::vector<std::string>& cells) {
  static constexpr int kWidths[] = {6, 10, 18, 9, 8, 8, 8};
  std::ostringstream row;
  row.exceptions(std::ios::badbit);  // without memory a stream would go on
  row << std::left << std::setw(kWidths[0]) << cells[0] << std::right;
  for (std::size_t i = 1; i + 1 < cells.size(); ++i) row << std::setw(kWidths[i]) << cells[i];
  out << row.str() << "  " << cells.back() << '\n';
}

void write_row(std::ostream& out, const Metric& rate, const char* unit) {
  const EditCounts& counts = *rate.edits;
  write_row(out, {rate.title, in_percent(rate.value), bounds(rate.ci95), concat(counts.errors()),
                  concat(counts.substitutions), concat(counts.deletions), concat(counts.insertions),
                  "of " + counted(counts.reference, unit)});
}

// Returns the number of the ids and up to five of them: "6 (a, b, c, d, e, ...)".
std::string number_and_ids(const std::vector<std::string>& ids) {
  return ids.empty() ? "0" : concat(ids.size(), " (", listed(ids), ")");
}

// Writes the rows REF, HYP and EVAL one above the other, with aligned words in columns.
void write_alignment(std::ostream& out, const TranscriptPair& pair, std::size_t n,
                     const Alignment& alignment) {
  const std::vector<std::string_view> reference = split_words(pair.references[n]);
  const std::vector<std::string_view> hypothesis = split_words(pair.hypotheses[n]);
  std::string rows[3] = {"REF: ", "HYP: ", "EVAL:"};
  for (const AlignedPair& step : alignment.pairs) {
    const std::string_view letter = kEditLetters.substr(static_cast<std::size_t>(step.edit), 1);
    const std::string cells[3] = {
        step.reference < 0 ? "***" : visible(reference[step.reference]),
        step.hypothesis < 0 ? "***" : visible(hypothesis[step.hypothesis]),
        step.edit == Edit::kCorrect ? "" : std::string(letter)};
    const std::size_t width = std::max(columns(cells[0]), columns(cells[1]));
    for (int row = 0; row < 3; ++row)
      rows[row].append(" ").append(cells[row]).append(width - columns(cells[row]), ' ');
  }
  out << visible(pair.ids[n]) << '\n';
  for (const std::string& row : rows) out << trimmed(row) << '\n';
  out << '\n';
}

// Writes a row for each error rate.
void write_errors(std::ostream& out, const std::vector<Metric>& errors) {
  if (const Metric* wer = find_metric(errors, "wer")) write_row(out, *wer, "word");
  if (const Metric* symbol = find_metric(errors, "symbol")) {
    write_row(out, *symbol, "symbol");
    const auto accuracy = [](double error) { return 100 - error; };
    std::optional<double> value = symbol->value;
    if (value) value = accuracy(*value);
    std::optional<Interval> ci95 = symbol->ci95;
    if (ci95) ci95 = Interval{accuracy(ci95->high), accuracy(ci95->low)};
    write_row(out, {"right", in_percent(value), bounds(ci95), "", "", "", "",
                    "accuracy, 100 % less symbol errors"});
  }
  if (const Metric* cer = find_metric(errors, "cer")) write_row(out, *cer, "character");
  const Metric& ser = *find_metric(errors, "ser");
  write_row(
      out,
      {ser.title, in_percent(ser.value), bounds(ser.ci95), concat(ser.statistics.count(0)), "", "",
       "", "of " + counted(static_cast<std::size_t>(ser.statistics.sentences()), "sentence")});
}

void write_text_scores(std::ostream& out, const std::vector<Metric>& metrics, int decimals) {
  std::vector<std::vector<std::string>> rows{{"", "value", "95 % interval", "sentences"}};
  for (const Metric& metric : metrics) {
    const bool share = metric_kind(metric.name).of_sentences;
    const std::string sentences = concat(metric.statistics.sentences());
    rows.push_back({metric.title, share ? in_percent(metric.value) : fixed(*metric.value, decimals),
                    bounds(metric.ci95),
                    share ? concat(metric.statistics.count(0), " of ", sentences) : sentences});
  }
  out << table(rows);
}

void write_notes(std::ostream& out, const ScoreOptions& options, const Scores& scores) {
  out << "read as " << name(scores.pair().reference_format) << " and "
      << name(scores.pair().hypothesis_format) << "; ";
  if (!scores.errors.empty()) out << "a missing hypothesis counts as deletions; ";
  out << "intervals by bootstrap over sentences, " << BootstrapOptions{}.resamples
      << " resamples, seed " << options.seed << '\n';
}

}  // namespace

void write_text(std::ostream& out, const ScoreOptions& options, const Scores& scores) {
  const TranscriptPair& pair = scores.pair();
  if (options.alignments)
    for (std::size_t n = 0; n < scores.alignments.size(); ++n)
      write_alignment(out, pair, n, scores.alignments[n]);
  if (!scores.errors.empty()) {
    write_row(out, {"", "value", "95 % interval", "errors", "sub", "del", "ins", "reference"});
    write_errors(out, scores.errors);
    out << "missing hypotheses: " << number_and_ids(pair.missing)
        << "   empty references: " << empty_references(scores.alignments) << '\n';
  }
  if (!scores.texts.empty()) write_text_scores(out, scores.texts, options.decimals);
  if (!options.quiet) write_notes(out, options, scores);
  for (const char* name : {"wer", "symbol", "cer"})
    if (const Metric* metric = find_metric(scores.errors, name)) out << line(*metric) << '\n';
  for (const Metric& metric : scores.texts) out << line(metric, options.decimals) << '\n';
}

}  // namespace edgeval
