// What a system made of a test set, for comparing two: the folder of an `edgeval run` (its
// utterances.jsonl), with its own references and the work it took, or a file of hypotheses beside
// files of references.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/score/metric_choice.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

enum class OutputSource { kFiles, kSpeech, kTranslation };

struct Outputs {
  OutputSource source = OutputSource::kFiles;
  std::vector<std::string> ids{};
  std::vector<std::vector<std::string>>
      references{};  // [which one][utterance]; of a run maybe none
  std::vector<std::string> hypotheses{};
  std::vector<std::string> missing{};  // ids without a line in the file of hypotheses
  std::map<std::string, std::vector<double>>
      work{};  // per utterance: "MACs", "joules of reuse32"; empty without a run
};

Outputs read_hypotheses(const std::string& path, const MetricChoice& choice);

// Throws Error unless both are of the same utterances with the same references.
void expect_comparable(const Outputs& a, const Outputs& b, const std::string& path_a,
                       const std::string& path_b);

}  // namespace edgeval
