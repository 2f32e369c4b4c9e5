#include "eval/report/comparison_output.hpp"

#include <ostream>

#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// Returns the number without the sign if it is rounded to 0.
std::string number(double value, int decimals) {
  std::string text = fixed(value, decimals);
  if (text.find_first_not_of("-0.") == std::string::npos && text[0] == '-') text.erase(0, 1);
  return text;
}

std::string number(const std::optional<double>& value, int decimals) {
  return value ? number(*value, decimals) : "n/a";
}

std::string signed_number(const std::optional<double>& value, const char* unit = "") {
  if (!value) return "n/a";
  const std::string text = number(*value, 2) + unit;
  return *value > 0 && text.find_first_of("123456789") != std::string::npos ? "+" + text : text;
}

std::string bounds(const std::optional<Interval>& interval, int decimals) {
  return interval ? concat('[', number(interval->low, decimals), ", ",
                           number(interval->high, decimals), ']')
                  : "n/a";
}

std::string quality_table(const Comparison& comparison) {
  std::vector<std::vector<std::string>> rows{
      {"", "A", "B", "B - A", "95 % interval", "accuracy", "p bootstrap", "p randomization"}};
  for (const Compared& metric : comparison.metrics) {
    const PairedComparison& figures = metric.figures;
    rows.push_back({metric.title, number(figures.a, 2), number(figures.b, 2),
                    signed_number(figures.difference), bounds(figures.interval, 2),
                    signed_number(metric.accuracy_change, " %"), number(figures.p_bootstrap, 4),
                    number(figures.p_randomization, 4)});
  }
  return table(rows);
}

std::string work_table(const Comparison& comparison) {
  if (comparison.work.empty()) return "";
  std::vector<std::vector<std::string>> rows{{"", "B / A", "95 % interval"}};
  for (const WorkRatio& work : comparison.work)
    rows.push_back({work.kind, number(work.ratio, 3), bounds(work.interval, 3)});
  return "\n" + table(rows);
}

std::string mapsswe_line(const MatchedPairs& matched) {
  return concat("matched pairs (MAPSSWE): ", counted(matched.segments, "segment"), ", errors ",
                matched.sum.errors_a, " and ", matched.sum.errors_b, ", mean difference ",
                number(matched.mean, 3), ", Z ", number(matched.z, 3), ", p ", number(matched.p, 4),
                "\n");
}

std::string missing_line(const std::string& path, const std::vector<std::string>& ids) {
  if (ids.empty()) return "";
  return concat(visible(path), " lacks ", ids.size(),
                ids.size() == 1 ? " hypothesis" : " hypotheses",
                ", which count as empty: ", listed(ids), "\n");
}

// Returns the value with at least two decimals, and with so many that they show on which side of
// the limit it lies.
std::string points(double value, double limit) {
  for (int decimals = 2; decimals < 9; ++decimals) {
    std::string text = number(value, decimals);
    if ((std::stod(text) > limit) == (value > limit + 1e-9)) return text;
  }
  return number(value, 9);
}

// Explains what the figures mean and by which rules they were counted.
std::string notes(const Comparison& comparison, const ComparisonOptions& options) {
  const PairedOptions& paired = options.paired;
  std::string text = concat(
      "\n95 % interval of B - A: paired bootstrap, ", paired.resamples, " resamples, seed ",
      paired.seed,
      "\naccuracy: what B gains (+) or loses (-) in percent of A (Rezk et al. 2020, equation 22)"
      "\np: how likely chance alone makes a difference as large as B - A; bootstrap from these "
      "resamples,\n  randomization from ",
      paired.trials, " trials that exchange hypotheses of A and B\n");
  if (comparison.matched)
    text += "matched pairs: NIST's test of the word errors, in segments around them\n";
  for (const Compared& metric : comparison.metrics)
    text += concat(metric.title, '|', metric.signature, '\n');
  return text;
}

ordered_json to_json(const Compared& metric) {
  const PairedComparison& figures = metric.figures;
  return {{"a", or_null(figures.a)},
          {"b", or_null(figures.b)},
          {"difference", or_null(figures.difference)},
          {"ci95", or_null(figures.interval)},
          {"accuracy_change", or_null(metric.accuracy_change)},
          {"p_bootstrap", or_null(figures.p_bootstrap)},
          {"p_randomization", or_null(figures.p_randomization)},
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

}  // namespace

void write_text(std::ostream& out, const Comparison& comparison, const ComparisonTitle& title,
                const ComparisonOptions& options, bool quiet) {
  out << "A " << visible(title.a) << ", B " << visible(title.b) << ": "
      << counted(comparison.utterances, "utterance") << ", hypotheses differ in "
      << comparison.differing << '\n'
      << missing_line(title.a, comparison.missing_a) << missing_line(title.b, comparison.missing_b)
      << quality_table(comparison);
  if (comparison.matched) out << mapsswe_line(*comparison.matched);
  out << work_table(comparison);
  if (!comparison.work_left_out.empty())
    out << "left out, as only one of the runs has it: " << listed(comparison.work_left_out) << '\n';
  if (!quiet) out << notes(comparison, options);
}

ordered_json to_json(const Comparison& comparison, const ComparisonTitle& title,
                     const ComparisonOptions& options) {
  const PairedOptions& paired = options.paired;
  ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"a", title.a},
      {"b", title.b},
      {"references", options.choice.references},
      {"utterances", comparison.utterances},
      {"differing", comparison.differing},
      {"missing_hypotheses", {{"a", comparison.missing_a}, {"b", comparison.missing_b}}},
      {"tests",
       {{"resamples", paired.resamples}, {"trials", paired.trials}, {"seed", paired.seed}}}};
  json["quality"] = ordered_json::object();
  for (const Compared& metric : comparison.metrics) json["quality"][metric.name] = to_json(metric);
  if (comparison.matched) json["matched_pairs"] = to_json(*comparison.matched);
  json["work"] = ordered_json::object();
  for (const WorkRatio& work : comparison.work)
    json["work"][work.kind] = {{"a", work.a},
                               {"b", work.b},
                               {"ratio", or_null(work.ratio)},
                               {"ci95", or_null(work.interval)}};
  if (!comparison.work_left_out.empty()) json["work_left_out"] = comparison.work_left_out;
  return json;
}

std::string verdict_line(const LossVerdict& verdict) {
  const auto& [max_loss, confidence] = verdict.limit;
  std::string text = concat("loss ", points(verdict.loss, max_loss), " points of ", verdict.title);
  const std::string percent = confidence ? rounded(100 * *confidence) + " %" : "";
  if (verdict.bound)
    text +=
        concat(", at most ", points(*verdict.bound, max_loss), " with ", percent, " confidence,");
  text += concat(verdict.passed ? " is within" : " exceeds", " --max-loss ", rounded(max_loss));
  if (verdict.differing_bound)
    text += concat("; ", verdict.title, " differs in no utterance: with ", percent,
                   " confidence it would in fewer than ", number(*verdict.differing_bound, 2),
                   " % of further ones", verdict.bound ? "" : ", but how much is not bounded");
  return text + "\n";
}

ordered_json to_json(const LossVerdict& verdict) {
  ordered_json json{{"metric", verdict.metric},
                    {"loss", verdict.loss},
                    {"bound", or_null(verdict.bound)},
                    {"max_loss", verdict.limit.max_loss},
                    {"confidence", or_null(verdict.limit.confidence)},
                    {"passed", verdict.passed}};
  if (verdict.differing_bound) json["differing_bound"] = *verdict.differing_bound;
  return json;
}

}  // namespace edgeval
