// Makes of a record the text that a person reads on the terminal.
#include <algorithm>

#include "eval/report/record.hpp"
#include "eval/report/weights_report.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string interval_of(const Metric& metric) {
  if (!metric.ci95) return "";
  return concat("  [", fixed(metric.ci95->low, 2), ", ", fixed(metric.ci95->high, 2), "]");
}

// Returns "WER     3.50 %  [2.10, 5.00]", or "BLEU   36.30  [...]".
std::string value_of(const Metric& metric) {
  if (!is_error_metric(metric.name))
    return concat(left(metric.title, 6), " ", fixed(*metric.value, 2),
                  metric_kind(metric.name).of_sentences ? " %" : "", interval_of(metric));
  if (!metric.value) return left(metric.title, 5) + "  none  (no reference words)";
  return concat(left(metric.title, 5), right(fixed(*metric.value, 2), 6), " %",
                interval_of(metric));
}

// `dense` is the metric of the reference, or null when the reference did not run; `name` is what
// the reference is called.
std::string quality_line(const Metric& metric, const Metric* dense, const std::string& name) {
  std::string text = value_of(metric);
  if (dense != nullptr && metric.value && dense->value) {
    const double change = *metric.value - *dense->value;
    text += concat("  (", change < 0 ? "" : "+", fixed(change, 2), " against ", name, ")");
  }
  if (metric.name == "wer")
    text +=
        concat("  ", metric.edits->errors(), metric.edits->errors() == 1 ? " error (" : " errors (",
               metric.edits->substitutions, " sub, ", metric.edits->deletions, " del, ",
               metric.edits->insertions, " ins) of ", counted(metric.edits->reference, "word"));
  return text + "\n";
}

// Returns the test set in a few words: "PATH, test: 20 utterances, 1.2 min of audio".
std::string set_of(const Record& record) {
  const std::string split = record.data.value("split", std::string());
  return concat(
      visible(record.data.at("path").get<std::string>()), split.empty() ? "" : ", ", visible(split),
      ": ", counted(record.items.size(), record.task.item),
      record.is_speech() ? concat(", ", fixed(record.audio_seconds / 60, 1), " min of audio") : "");
}

// Returns the line on the search, or an empty text where there was none.
std::string search_line(const Record& record) {
  const PointResult &result = record.result(), *dense = record.reference();
  const std::optional<SearchCounts> counts = result.search();
  if (!counts) return "";
  std::string text = concat("beam: ", describe(result.point.search->beam), "; average width ",
                            fixed(counts->average_beam_width(), 2), ", ", counts->rows_live,
                            record.is_speech() ? " prefixes in " : " decoder rows in ",
                            counts->steps, record.is_speech() ? " frames" : " steps");
  const SearchCounts of_dense = dense != nullptr ? *dense->search() : SearchCounts{};
  if (of_dense.rows_live > 0)
    text +=
        concat(" (",
               fixed(100 * static_cast<double>(counts->rows_live) /
                         static_cast<double>(of_dense.rows_live),
                     1),
               " % of those of a fixed beam of width ", widest_of(dense->point.search->beam), ")");
  const CutOff cut = result.cut_off();
  if (cut.items > 0)
    text += concat("; ", cut.items, " of ", cut.of, " hypotheses cut off at --max-length ",
                   result.point.search->longest);
  return text + "\n";
}

std::string quality_lines(const Record& record) {
  const PointResult &result = record.result(), *dense = record.reference();
  // Without a beam speech is decoded greedily, and one could take the reference for that.
  std::string text, name = "dense";
  if (record.is_speech() && dense != nullptr && dense->point.search)
    name += concat(" with a beam of ", widest_of(dense->point.search->beam));
  for (std::size_t i = 0; i < result.metrics.size(); ++i)
    text += quality_line(result.metrics[i], dense != nullptr ? &dense->metrics[i] : nullptr, name);
  if (std::ranges::all_of(record.items, [](const Item& item) { return item.references.empty(); }))
    text += "no reference given, so nothing is scored\n";
  for (const Figure& figure : result.figures)
    if (!figure.text.empty()) text += figure.text + "\n";
  return text;
}

// Returns the line on utterances that cannot be recognised or scored, or an empty text where there
// are none.
std::string oddities_line(const Record& record) {
  if (!record.is_speech()) return "";
  const auto unheard =
      std::ranges::count_if(record.items, [](const Item& item) { return item.length == 0; });
  const std::vector<Alignment>& alignments = record.result().alignments;
  const std::uint64_t empty = empty_references(alignments);
  if (unheard == 0 && empty == 0) return "";
  return concat(counted(static_cast<std::size_t>(unheard), record.task.item),
                " shorter than a frame",
                alignments.empty() ? "" : concat(", ", counted(empty, "empty reference")), "\n");
}

std::string speed_line(const Record& record) {
  const double whole = record.evaluation.seconds;
  return concat(fixed(record.working_seconds(), 2), " s: ", fixed(record.items_per_second(), 1),
                " ", record.task.item, "s/s",
                record.is_speech()
                    ? concat(", ", fixed(record.audio_seconds / whole, 0), " times real time")
                    : concat("; ", fixed(whole, 2), " s in all"),
                "\n");
}

}  // namespace

std::string record_to_text(const Record& record, Detail detail) {
  const bool full = detail == Detail::kFull;
  std::string text;
  if (full) {
    text = concat(visible(record.model_name), " on ", set_of(record), "; ",
                  record.provenance.device, "\npolicy: ", record.policy_line, "\n");
    if (const Weights& weights = record.result().point.weights; !is_neutral(weights))
      text += concat("weights: ", weights_line(weights, record.weights), "\n");
    text += search_line(record) + "\n";
  }
  text += quality_lines(record);
  if (full) text += oddities_line(record) + "\n";
  text += work_table(record.total, detail, record.dense_total ? &*record.dense_total : nullptr);
  if (full) text += "\n";
  text += energy_table(record.pricings, record.left_out, detail);
  if (full) text += "\n" + speed_line(record);
  return text;
}

}  // namespace edgeval
