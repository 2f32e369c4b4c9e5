// Makes of a record the text that a person reads on the terminal.
#include <algorithm>

#include "eval/report/record.hpp"
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
                  metric.name == "exact" ? " %" : "", interval_of(metric));
  if (!metric.value) return left(metric.title, 5) + "  none  (no reference words)";
  return concat(left(metric.title, 5), right(fixed(*metric.value, 2), 6), " %",
                interval_of(metric));
}

// `dense` is the metric of the reference, or null when the reference did not run.
std::string quality_line(const Metric& metric, const Metric* dense) {
  std::string text = value_of(metric);
  if (dense != nullptr && metric.value && dense->value) {
    const double change = *metric.value - *dense->value;
    text += concat("  (", change < 0 ? "" : "+", fixed(change, 2), " against dense)");
  }
  if (metric.name == "wer")
    text +=
        concat("  ", metric.edits->errors(), metric.edits->errors() == 1 ? " error (" : " errors (",
               metric.edits->substitutions, " sub, ", metric.edits->deletions, " del, ",
               metric.edits->insertions, " ins) of ", counted(metric.edits->reference, "word"));
  return text + "\n";
}

std::string quality_lines(const Record& record) {
  const PointResult &result = record.result(), *dense = record.reference();
  std::string text;
  for (std::size_t i = 0; i < result.metrics.size(); ++i)
    text += quality_line(result.metrics[i], dense != nullptr ? &dense->metrics[i] : nullptr);
  return text + result.more_lines;
}

}  // namespace

std::string record_to_text(const Record& record, Detail detail) {
  const bool full = detail == Detail::kFull;
  std::string text;
  if (full) {
    text = concat(visible(record.model_name), " on ", record.report.set, "; ", record.device,
                  "\npolicy: ", record.policy_line, "\n");
    if (!record.weights_line.empty()) text += concat("weights: ", record.weights_line, "\n");
    text += record.report.search_line + "\n";
  }
  text += quality_lines(record);
  if (full) text += record.report.data_line + "\n";
  text += work_table(record.total, detail, record.dense_total ? &*record.dense_total : nullptr);
  if (full) text += "\n";
  text += energy_table(record.pricings, record.left_out, detail);
  if (full) text += "\n" + record.report.speed_line;
  return text;
}

}  // namespace edgeval
