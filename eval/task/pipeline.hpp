// One model, one test set, one operating point, as a straight line: open -> batches -> engine ->
// decode -> score.
#pragma once

#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"
#include "eval/score/metric.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

struct EvaluationOptions {
  Index batch = 0;         // utterances at once; 0: from memory
  int threads = 0;         // for features; 0: all
  std::uint64_t seed = 0;  // of the bootstrap
  TextRules text{};        // for transcripts and hypotheses, before errors are counted
  bool quiet = false;      // no progress
};

// What came out for every utterance, in the order of the set.
struct Outcome {
  std::vector<std::string> hypotheses;
  std::vector<Activity> activity;
  std::vector<Metric> metrics;        // wer, cer, ser
  std::vector<Alignment> alignments;  // of the words
  Activity total;
  double seconds = 0;  // of the engine and the decoder
};

struct Evaluation {
  std::vector<Outcome> outcomes;        // one per operating point
  std::vector<std::string> references;  // transcripts as they were scored
  std::vector<Index> frames;            // of every utterance, in the order of the set
  std::vector<double> seconds;          // of audio of every utterance
  std::vector<std::string> notes;       // for people: what is odd about the test set
  std::vector<std::string> warnings;    // what makes figures doubtful, whatever they are
  std::string data_sha256;              // of the test set, as it was read
  double feature_seconds = 0;           // wall time
  double total_seconds = 0;             // wall time

  Index total_frames() const;
  double audio_seconds() const;
};

// An operating point and the engine of the network it is run on: the model's, or one with the same
// layers and other weights.
struct Candidate {
  Engine* engine;
  OperatingPoint point;
};

// Runs all candidates over the set, features computed once.
Evaluation evaluate(const Model& model, const data::TestSet& set,
                    const std::vector<Candidate>& candidates, const EvaluationOptions& options);
Evaluation evaluate(const Model& model, const data::TestSet& set, Engine& engine,
                    const std::vector<OperatingPoint>& points, const EvaluationOptions& options);

}  // namespace edgeval
