// Writes what `edgeval compare` prints: tables with notes for people, or one JSON object.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

#include "eval/score/comparison.hpp"
#include "eval/score/loss_limit.hpp"

namespace edgeval {

// The paths of A and B as the user gave them.
struct ComparisonTitle {
  std::string a, b;
};

// With `quiet` the notes that explain the figures are left out.
void write_text(std::ostream& out, const Comparison& comparison, const ComparisonTitle& title,
                const ComparisonOptions& options, bool quiet);

nlohmann::ordered_json to_json(const Comparison& comparison, const ComparisonTitle& title,
                               const ComparisonOptions& options);

// Returns the verdict in one line, "loss 1.29 points of WER exceeds --max-loss 0.5", with its line
// break.
std::string verdict_line(const LossVerdict& verdict);

nlohmann::ordered_json to_json(const LossVerdict& verdict);

}  // namespace edgeval
