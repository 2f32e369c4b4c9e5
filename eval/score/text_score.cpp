#include "eval/score/text_score.hpp"

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

std::string line_of(const Metric& metric, double value, const MetricOptions& rules, int decimals) {
  if (metric.name == "exact") return metric.signature;
  if (metric.name == "bleu")
    return bleu_line(bleu_score(metric.statistics.sum(), rules.bleu), metric.signature, decimals);
  return concat(metric.title, '|', metric.signature, " = ", fixed(value, decimals));
}

}  // namespace

TextScore text_score(const std::string& name, References references,
                     std::span<const std::string> hypotheses, const MetricOptions& rules,
                     std::uint64_t seed, int decimals) {
  TextScore score{measure(name, references, hypotheses, rules)};
  score.value = score.metric.score(score.metric.statistics.sum()).value_or(0);
  score.ci95 = bootstrap(score.metric.statistics, score.metric.score, {.seed = seed});
  score.line = line_of(score.metric, score.value, rules, decimals);
  return score;
}

nlohmann::ordered_json to_json(const TextScore& score, const MetricOptions& rules) {
  const std::vector<double> sums = score.metric.statistics.sum();
  nlohmann::ordered_json json{{"value", score.value},
                              {"sentences", score.metric.statistics.sentences()}};
  if (score.metric.name == "exact") json["exact"] = static_cast<std::uint64_t>(sums[0]);
  if (score.metric.name == "bleu") {
    const BleuScore bleu = bleu_score(sums, rules.bleu);
    json["precisions"] = bleu.precisions;
    json["brevity_penalty"] = bleu.brevity_penalty;
    json["hypothesis_length"] = static_cast<std::uint64_t>(bleu.hypothesis_length);
    json["reference_length"] = static_cast<std::uint64_t>(bleu.reference_length);
  }
  json["ci95"] = score.ci95 ? nlohmann::ordered_json{score.ci95->low, score.ci95->high}
                            : nlohmann::ordered_json(nullptr);
  json["signature"] = score.metric.signature;
  if (score.line != score.metric.signature) json["line"] = score.line;
  return json;
}

}  // namespace edgeval
