// What a system made of a test set, so that two systems can be compared. It comes from the folder
// of an `edgeval run`, which has references and the work of each utterance, or from a file of
// hypotheses beside files of references.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/score/metric_choice.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

// What hypotheses were made of, as the lines of a run tell it, whichever task wrote them: a line
// has the source text of its item, or the item was audio. Files of hypotheses do not tell it.
enum class OutputSource { kFiles, kAudio, kText };

struct Outputs {
  OutputSource source = OutputSource::kFiles;
  std::vector<std::string> ids{};
  // References as [which one][utterance]; a run of translations may have none.
  std::vector<std::vector<std::string>> references{};
  std::vector<std::string> hypotheses{};
  std::vector<std::string> missing{};  // ids without a line in the file of hypotheses
  // Work of each utterance by kind, "MACs" or "joules of reuse32"; empty unless it is a run.
  std::map<std::string, std::vector<double>> work{};
};

// Reads a file of hypotheses with the references that `choice` names. Throws Error when a file of
// references is a pipe, and as MetricChoice::read does.
Outputs read_hypotheses(const std::string& path, const MetricChoice& choice);

// Throws Error unless both outputs have the same utterances with the same references.
void expect_comparable(const Outputs& a, const Outputs& b, const std::string& path_a,
                       const std::string& path_b);

}  // namespace edgeval
