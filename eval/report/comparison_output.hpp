// What `edgeval compare` prints of a comparison: tables with notes for people, or one JSON object.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

#include "eval/score/comparison.hpp"
#include "eval/score/loss_limit.hpp"

namespace edgeval {

// The paths as they were given.
struct ComparisonTitle {
  std::string a, b;
};

// quiet: the figures alone, without notes.
void write_text(std::ostream& out, const Comparison& comparison, const ComparisonTitle& title,
                const ComparisonOptions& options, bool quiet);

nlohmann::ordered_json to_json(const Comparison& comparison, const ComparisonTitle& title,
                               const ComparisonOptions& options);

// One line: "loss 1.29 points of WER exceeds --max-loss 0.5".
std::string verdict_line(const LossVerdict& verdict);

nlohmann::ordered_json to_json(const LossVerdict& verdict);

}  // namespace edgeval
