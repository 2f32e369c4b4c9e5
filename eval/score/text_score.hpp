// A figure of translations over a whole set, with its interval and the line that says how it was
// counted.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "eval/score/metric.hpp"
#include "eval/score/statistics/bootstrap.hpp"

namespace edgeval {

// A metric of kTextMetrics.
struct TextScore {
  Metric metric;
  double value = 0;
  std::optional<Interval> ci95{};
  std::string line{};  // with the signature; of bleu and chrf as sacrebleu prints it
};

// decimals: of the line.
TextScore text_score(const std::string& name, References references,
                     std::span<const std::string> hypotheses, const MetricOptions& rules,
                     std::uint64_t seed, int decimals = 2);

// {"value", "sentences", what the metric has, "ci95", "signature", "line"}
nlohmann::ordered_json to_json(const TextScore& score, const MetricOptions& rules);

}  // namespace edgeval
