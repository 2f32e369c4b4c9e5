// What a system made of a test set, for comparing two: the folder of an `edgeval run` (its
// utterances.jsonl), with its own references and the work it took, or a file of hypotheses beside
// files of references.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/metric_options.hpp"
#include "eval/statistics.hpp"

namespace edgeval {

struct Outputs {
  std::vector<std::string> ids;
  std::vector<std::vector<std::string>> references;  // [which one][utterance]
  std::vector<std::string> hypotheses;
  std::map<std::string, std::vector<double>>
      work;  // per utterance: "macs", "joules on reuse32"; empty without a run
};

// Whether `path` is the folder or the utterances.jsonl of a run.
bool is_run(const std::string& path);

Outputs read_run(const std::string& path);
Outputs read_hypotheses(const std::string& path, const MetricChoice& choice);

// Throws Error unless both are of the same utterances with the same references.
void expect_same_utterances(const Outputs& a, const Outputs& b, const std::string& path_a,
                            const std::string& path_b);

}  // namespace edgeval
