#include "eval/report/translation_report.hpp"

#include <numeric>

#include "eval/price/work.hpp"
#include "eval/report/invocation.hpp"
#include "eval/report/table.hpp"
#include "eval/report/weights_report.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json quality_to_json(const TranslationOutcome& outcome) {
  ordered_json json = ordered_json::object();
  for (const Metric& metric : outcome.metrics) json[metric.name] = to_json(metric);
  json["perplexity"] = {{"predicted", or_null(outcome.predicted_perplexity)},
                        {"reference", or_null(outcome.reference_perplexity)}};
  return json;
}

ordered_json to_json(const SearchCounts& counts) {
  return {{"steps", counts.steps},
          {"rows", counts.rows},
          {"rows_live", counts.rows_live},
          {"beam_width_sum", counts.beam_width_sum},
          {"average_beam_width", counts.average_beam_width()}};
}

ordered_json search_to_json(const SearchOptions& options) {
  return {{"max_length", options.longest},
          {"min_length", options.shortest},
          {"n_best", options.n_best},
          {"length_penalty", kLengthPenaltyNames[static_cast<std::size_t>(options.penalty)]},
          {"alpha", options.alpha}};
}

ordered_json data_to_json(const TranslationRun& run) {
  ordered_json references = ordered_json::array();
  for (const std::filesystem::path& path : run.set.reference_paths)
    references.push_back(path.string());
  const std::vector<Index>& tokens = run.evaluation.source_tokens;
  return {{"path", run.set.path.string()},
          {"references", references},
          {"sha256", data::text_set_sha256(run.set)},
          {"sentences", run.set.sentences()},
          {"source_tokens", std::accumulate(tokens.begin(), tokens.end(), Index{0})}};
}

ordered_json timing_to_json(const TranslationRun& run) {
  ordered_json timing{{"seconds", run.evaluation.total_seconds},
                      {"seconds_engine", run.outcome().seconds}};
  if (run.dense() != nullptr) timing["seconds_dense_reference"] = run.dense()->seconds;
  timing["sentences_per_second"] = static_cast<double>(run.set.sentences()) / run.outcome().seconds;
  return timing;
}

std::string against_dense(double value, const double* dense) {
  if (dense == nullptr) return "";
  return concat("  (", value < *dense ? "" : "+", fixed(value - *dense, 2), " against dense)");
}

std::string quality_lines(const TranslationRun& run) {
  std::string text;
  const TranslationOutcome& outcome = run.outcome();
  for (std::size_t i = 0; i < outcome.metrics.size(); ++i) {
    const Metric& metric = outcome.metrics[i];
    const bool percent = metric.name == "exact";
    std::string title = metric.title;
    title.resize(std::max<std::size_t>(title.size(), 6), ' ');
    text += concat(title, " ", fixed(*metric.value, 2), percent ? " %" : "");
    if (metric.ci95)
      text += concat("  [", fixed(metric.ci95->low, 2), ", ", fixed(metric.ci95->high, 2), "]");
    text += against_dense(*metric.value,
                          run.dense() != nullptr ? &*run.dense()->metrics[i].value : nullptr);
    text += "\n";
  }
  if (outcome.metrics.empty()) text += "no reference given, so nothing is scored\n";
  if (outcome.predicted_perplexity)
    text += concat("perplexity of the hypotheses ", fixed(*outcome.predicted_perplexity, 3));
  if (outcome.reference_perplexity)
    text += concat(", of the reference ", fixed(*outcome.reference_perplexity, 3));
  return text + (outcome.predicted_perplexity ? "\n" : "");
}

std::string beam_line(const TranslationRun& run) {
  const TranslationOutcome& outcome = run.outcome();
  std::string text =
      concat("beam: ", describe(run.candidates[0].search.beam), "; average width ",
             fixed(outcome.counts.average_beam_width(), 2), ", ", outcome.counts.rows_live,
             " decoder rows in ", outcome.counts.steps, " steps");
  if (run.dense() != nullptr && run.dense()->counts.rows_live > 0)
    text += concat(" (",
                   fixed(100 * static_cast<double>(outcome.counts.rows_live) /
                             static_cast<double>(run.dense()->counts.rows_live),
                         1),
                   " % of those of a fixed beam of width ",
                   widest_of(run.candidates[1].search.beam), ")");
  const CutOff cut = cut_off(outcome);
  if (cut.sentences > 0)
    text += concat("; ", cut.sentences, " of ", cut.of, " hypotheses cut off at --max-length ",
                   run.candidates[0].search.longest);
  return text + "\n";
}

}  // namespace

ordered_json report_to_json(const TranslationRun& run, std::span<const Pricing> pricings) {
  const TranslationCandidate& candidate = run.candidates[0];
  ordered_json json = report_head(run.model.network, run.device);
  json["data"] = data_to_json(run);
  json["policy"] = to_json(run.policy, run.model.network, candidate.point, &candidate.search.beam);
  json["search"] = search_to_json(candidate.search);
  json["quality"] = quality_to_json(run.outcome());
  if (const TranslationOutcome* dense = run.dense(); dense != nullptr) {
    json["dense"] = {{"quality", quality_to_json(*dense)},
                     {"beam", describe(run.candidates[1].search.beam)},
                     {"activity", to_json(dense->total)}};
    json["dense"]["activity"]["decoder"] = to_json(dense->counts);
  }
  add_work(json, run.outcome().total, candidate.point, run.dense_total(), run.weights, pricings,
           run.left_out);
  json["activity"]["decoder"] = to_json(run.outcome().counts);
  json["warnings"] = run.warnings;
  json["invocation"] = invocation();
  json["timing"] = timing_to_json(run);
  return json;
}

std::string utterances_to_jsonl(const TranslationRun& run) {
  std::string lines;
  const TranslationOutcome& outcome = run.outcome();
  for (std::size_t n = 0; n < run.set.sources.size(); ++n) {
    const Translation& translation = outcome.translations[n];
    ordered_json json{{"id", concat(n + 1)}, {"source", run.set.sources[n]}};
    if (!run.set.references.empty()) json["reference"] = run.set.references.front()[n];
    if (run.set.references.size() > 1) json["further_references"] = ordered_json::array();
    for (std::size_t which = 1; which < run.set.references.size(); ++which)
      json["further_references"].push_back(run.set.references[which][n]);
    json["hypothesis"] = outcome.texts[n].front();
    json["n_best"] = ordered_json::array();
    for (std::size_t i = 0; i < outcome.texts[n].size(); ++i) {
      const Hypothesis& hypothesis = translation.search.best[i];
      json["n_best"].push_back({{"text", outcome.texts[n][i]},
                                {"score", hypothesis.score},
                                {"log_probability", hypothesis.log_probability},
                                {"tokens", hypothesis.tokens.size()},
                                {"ended", hypothesis.ended}});
    }
    const SearchCounts& counts = translation.search.counts;
    json["source_tokens"] = run.evaluation.source_tokens[n];
    json["decoder"] = to_json(counts);
    json["activity"] = totals_to_json(translation.activity);
    json["joules"] = joules_to_json(run.accelerators, translation.activity);
    lines += json.dump() + "\n";
  }
  return lines;
}

std::string hypotheses_to_text(const TranslationRun& run) {
  std::string lines;
  for (const std::string& line : run.outcome().hypotheses()) lines.append(line).append("\n");
  return lines;
}

std::string summary(const TranslationRun& run, std::span<const Pricing> pricings, Detail detail) {
  const TranslationOutcome& outcome = run.outcome();
  const bool full = detail == Detail::kFull;
  std::string text;
  if (full) {
    text += concat(
        visible(run.model.network.name), " on ", visible(run.set.path.string()), ": ",
        counted(run.set.sources.size(), "sentence"), "; ", run.device, "\npolicy: ",
        describe(run.model.network, run.candidates[0].point, &run.candidates[0].search.beam), "\n");
    if (!std::holds_alternative<AsTrained>(run.policy.weights))
      text += concat("weights: ", weights_line(run.policy.weights, run.weights), "\n");
    text += beam_line(run) + "\n";
  }
  text += quality_lines(run);
  if (full) text += "\n";
  text += work_table(outcome.total, detail, run.dense_total());
  if (full) text += "\n";
  text += energy_table(pricings, run.left_out, detail);
  if (full)
    text += concat("\n", fixed(outcome.seconds, 2),
                   " s: ", fixed(static_cast<double>(run.set.sentences()) / outcome.seconds, 1),
                   " sentences/s; ", fixed(run.evaluation.total_seconds, 2), " s in all\n");
  return text;
}

}  // namespace edgeval
