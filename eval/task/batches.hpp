// A test set cut into batches: utterances longest first, so that the lanes of a batch end at about
// the same step.
#pragma once

#include <functional>
#include <new>
#include <string>
#include <vector>

#include "datasets/audio/features.hpp"
#include "datasets/layouts/audio_reader.hpp"
#include "datasets/layouts/test_set.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

struct BatchPlan {
  std::vector<std::vector<Index>> batches;  // numbers of utterances
  std::vector<Index> frames;                // of every utterance, in the order of the set
  std::vector<Index> samples;               // likewise
  std::vector<double> seconds;              // of audio of every utterance, likewise
  std::vector<std::string> notes;           // for people: what is odd about the audio
  std::vector<std::string> warnings;        // what makes figures doubtful
};

// largest: utterances in a batch; 0: as many as fit a share of the available memory. Reads the
// audio files' headers. Throws Error when no utterance has a frame.
BatchPlan plan_batches(const data::TestSet& set, const Model& model,
                       const data::FeatureExtractor& extractor, Index largest);

// Memory that does not suffice for one utterance or sentence of its own.
class OutOfMemoryForOne : public std::bad_alloc {
 public:
  const char* what() const noexcept override {
    return "out of memory, even for one utterance or sentence at a time; fewer --threads need less";
  }
};

// work(batch); when memory does not suffice, its two halves one after the other, and so on down to
// OutOfMemoryForOne. Work that failed must have left nothing behind.
void run_in_parts(const std::vector<Index>& batch,
                  const std::function<void(const std::vector<Index>&)>& work);

// Features of the utterances of a batch, computed on `threads` threads; the same bits for any
// number of them. Throws Error when the audio is not as long as it was when the plan was made.
Ragged<float> batch_features(data::AudioReader& audio, const std::vector<Index>& batch,
                             const BatchPlan& plan, const data::FeatureExtractor& extractor,
                             int threads);

}  // namespace edgeval
