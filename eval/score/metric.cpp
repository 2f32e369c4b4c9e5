#include "eval/score/metric.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

std::string signature(std::string_view metric, std::string_view unit,
                      const MetricOptions& options) {
  return concat("edgeval-", metric,
                "|align:", options.costs == EditCosts::kSclite ? "sclite" : "unit", "|unit:", unit,
                "|", signature_part(options.text), "|version:", EDGEVAL_VERSION);
}

// Returns the edits of every utterance against its only reference.
std::vector<EditCounts> count_all(References references, std::span<const std::string> hypotheses,
                                  std::span<const Alignment> aligned, EditCosts costs,
                                  bool characters) {
  EDGEVAL_ASSERT(references.size() == 1 && references[0].size() == hypotheses.size());
  std::vector<EditCounts> counts;
  for (std::size_t n = 0; n < hypotheses.size(); ++n)
    counts.push_back(characters        ? character_counts(references[0][n], hypotheses[n], costs)
                     : aligned.empty() ? word_counts(references[0][n], hypotheses[n], costs)
                                       : aligned[n].counts);
  return counts;
}

Metric error_metric(const std::string& name, References references,
                    std::span<const std::string> hypotheses, const MetricOptions& options,
                    std::span<const Alignment> aligned) {
  const std::vector<EditCounts> counts =
      count_all(references, hypotheses, aligned, options.costs, name == "cer");
  Statistics statistics(2);  // number of errors; number of words, characters or sentences
  EditCounts edits;
  for (const EditCounts& each : counts) {
    edits += each;
    if (name == "ser")
      statistics.add({each.errors() > 0 ? 1.0 : 0.0, 1.0});
    else
      statistics.add({static_cast<double>(each.errors()), static_cast<double>(each.reference)});
  }
  Metric metric{name, name, "", std::move(statistics), percent_of_sums};
  if (name == "ser") {
    metric.title = "SER";
    metric.signature = concat("edgeval-ser|unit:sentence|", signature_part(options.text),
                              "|version:", EDGEVAL_VERSION);
    return metric;
  }
  if (name == "wer") metric.title = "WER";
  if (name == "cer") metric.title = "CER";
  const char* unit = name == "wer" ? "word" : name == "cer" ? "character" : "symbol";
  metric.signature = signature(name, unit, options);
  metric.edits = edits;
  return metric;
}

Metric exact_match(References references, std::span<const std::string> hypotheses,
                   const TextRules& text) {
  Statistics statistics(2);
  for (std::size_t n = 0; n < hypotheses.size(); ++n) {
    const auto words = split_words(hypotheses[n]);
    const bool exact = std::ranges::any_of(
        references, [&](const auto& reference) { return split_words(reference[n]) == words; });
    statistics.add({exact ? 1.0 : 0.0, 1.0});
  }
  return {"exact", "exact",
          concat("edgeval-exact|nrefs:", references.size(), "|", signature_part(text),
                 "|version:", EDGEVAL_VERSION),
          std::move(statistics), percent_of_sums};
}

Metric bleu_metric(References references, std::span<const std::string> hypotheses,
                   const BleuOptions& options) {
  Metric metric{
      "bleu", "BLEU", bleu_signature(options, references.size()),
      bleu_statistics(references, hypotheses, options),
      [options](std::span<const double> sums) { return bleu_score(sums, options).value; }};
  metric.bleu = bleu_score(metric.statistics.sum(), options);
  return metric;
}

Metric chrf_metric(const std::string& name, References references,
                   std::span<const std::string> hypotheses, const MetricOptions& options) {
  EDGEVAL_ASSERT(name == "chrf" || name == "chrf++");
  const ChrfOptions chrf{.word_order = name == "chrf++" ? 2 : 0,
                         .lower_case = options.bleu.lower_case};
  return {name, chrf_name(chrf), chrf_signature(chrf, references.size()),
          chrf_statistics(references, hypotheses, chrf), chrf_score};
}

ordered_json to_json(const EditCounts& counts) {
  return {{"errors", counts.errors()},
          {"substitutions", counts.substitutions},
          {"deletions", counts.deletions},
          {"insertions", counts.insertions}};
}

// Returns the keys that only this kind of metric has.
ordered_json details(const Metric& metric) {
  if (metric.edits) {
    ordered_json json = to_json(*metric.edits);
    if (metric.name != "symbol")
      json[metric.name == "cer" ? "characters" : "words"] = metric.edits->reference;
    return json;
  }
  if (metric.name == "ser")
    return {{"errors", metric.statistics.count(0)}, {"sentences", metric.statistics.sentences()}};
  ordered_json json{{"sentences", metric.statistics.sentences()}};
  if (metric_kind(metric.name).of_sentences) json[metric.name] = metric.statistics.count(0);
  if (metric.bleu) {
    json["precisions"] = metric.bleu->precisions;
    json["brevity_penalty"] = metric.bleu->brevity_penalty;
    json["hypothesis_length"] = static_cast<std::uint64_t>(metric.bleu->hypothesis_length);
    json["reference_length"] = static_cast<std::uint64_t>(metric.bleu->reference_length);
  }
  return json;
}

}  // namespace

MetricKind metric_kind(const std::string& name) {
  const auto* found = std::ranges::find(kMetricKinds, name, &MetricKind::name);
  return found == std::end(kMetricKinds) ? MetricKind{} : *found;
}

bool is_error_metric(const std::string& name) { return metric_kind(name).counts_errors; }

std::vector<std::string> metric_names(bool counts_errors) {
  std::vector<std::string> names;
  for (const MetricKind& kind : kMetricKinds)
    if (kind.counts_errors == counts_errors) names.emplace_back(kind.name);
  return names;
}

std::string who_takes_several() {
  std::string text;
  for (const std::string& name : kTextMetrics)
    text += concat(text.empty() ? "" : name == kTextMetrics.back() ? " and " : ", ", name);
  return text + " take several";
}

Metric measure(const std::string& name, References references,
               std::span<const std::string> hypotheses, const MetricOptions& options,
               std::span<const Alignment> aligned) {
  Metric metric = is_error_metric(name)
                      ? error_metric(name, references, hypotheses, options, aligned)
                  : name == "exact" ? exact_match(references, hypotheses, options.text)
                  : name == "bleu"  ? bleu_metric(references, hypotheses, options.bleu)
                                    : chrf_metric(name, references, hypotheses, options);
  metric.value = metric.score(metric.statistics.sum());
  return metric;
}

// The interval of an error rate is drawn as a ratio and then turned into percent.
std::optional<Interval> drawn_interval(const Metric& metric, std::uint64_t seed) {
  if (!is_error_metric(metric.name))
    return bootstrap(metric.statistics, metric.score, {.seed = seed});
  std::optional<Interval> interval = bootstrap(metric.statistics, ratio_of_sums, {.seed = seed});
  if (interval) *interval = {100 * interval->low, 100 * interval->high};
  return interval;
}

std::vector<Metric> measure_all(const std::vector<std::string>& names, References references,
                                std::span<const std::string> hypotheses,
                                const MetricOptions& options, std::uint64_t seed,
                                std::span<const Alignment> aligned) {
  std::vector<Metric> metrics;
  for (const std::string& name : names) {
    metrics.push_back(measure(name, references, hypotheses, options, aligned));
    metrics.back().ci95 = drawn_interval(metrics.back(), seed);
  }
  return metrics;
}

const Metric* find_metric(std::span<const Metric> metrics, const std::string& name) {
  const auto found = std::ranges::find(metrics, name, &Metric::name);
  return found == metrics.end() ? nullptr : &*found;
}

std::vector<Alignment> align_all(std::span<const std::string> references,
                                 std::span<const std::string> hypotheses, EditCosts costs) {
  EDGEVAL_ASSERT(references.size() == hypotheses.size());
  std::vector<Alignment> alignments;
  for (std::size_t n = 0; n < references.size(); ++n)
    alignments.push_back(align_words(references[n], hypotheses[n], costs));
  return alignments;
}

std::uint64_t empty_references(std::span<const Alignment> alignments) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      alignments, [](const Alignment& alignment) { return alignment.counts.reference == 0; }));
}

std::string line(const Metric& metric, int decimals) {
  const MetricKind kind = metric_kind(metric.name);
  if (kind.counts_errors || kind.of_sentences) return metric.signature;
  if (metric.bleu) return bleu_line(*metric.bleu, metric.signature, decimals);
  return concat(metric.title, '|', metric.signature, " = ",
                fixed(metric.value.value_or(0), decimals));
}

ordered_json to_json(const Metric& metric, int decimals) {
  ordered_json json{{"value", or_null(metric.value)}};
  json.update(details(metric));
  json["ci95"] = or_null(metric.ci95);
  if (metric.name != "ser") json["signature"] = metric.signature;
  if (const std::string text = line(metric, decimals); text != metric.signature)
    json["line"] = text;
  if (metric.name == "symbol") {
    json["symbols"] = metric.edits->reference;
    json["accuracy"] = metric.value ? ordered_json(100 - *metric.value) : ordered_json(nullptr);
  }
  return json;
}

ordered_json to_json(const Alignment& alignment) {
  ordered_json json = to_json(alignment.counts);
  json["words"] = alignment.counts.reference;
  json["alignment"] = letters(alignment);
  return json;
}

}  // namespace edgeval
