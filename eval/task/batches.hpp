// Cuts a test set of speech into batches. The longest utterances come first, so that the lanes of a
// batch end at about the same step.
#pragma once

#include <functional>
#include <new>
#include <string>
#include <vector>

#include "datasets/audio/feature_cache.hpp"
#include "datasets/audio/features.hpp"
#include "datasets/layouts/audio_reader.hpp"
#include "datasets/layouts/test_set.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

// The batches, and the length of every utterance in the order of the set.
struct BatchPlan {
  std::vector<std::vector<Index>> batches;  // numbers of the utterances of each batch
  std::vector<Index> frames;                // number of frames of each utterance
  std::vector<Index> samples;               // number of audio samples of each utterance
  std::vector<double> seconds;              // duration of each utterance's audio
  std::vector<std::string> notes;           // for people: what is odd about the audio
  std::vector<std::string> warnings;        // for people: what makes figures doubtful
};

// Plans the batches from the headers of the audio files. `largest` is the greatest number of
// utterances in a batch; with 0 a batch has as many as fit a quarter of the available memory, but
// at most 512 or, where GPUs share it, 4096 for each of these. Throws Error when no utterance is as
// long as a frame.
BatchPlan plan_batches(const data::TestSet& set, const Model& model,
                       const data::FeatureExtractor& extractor, Index largest, Index gpus = 0);

// Is thrown when memory does not suffice for a single utterance or sentence.
class OutOfMemoryForOne : public std::bad_alloc {
 public:
  const char* what() const noexcept override {
    return "out of memory, even for one utterance or sentence at a time; fewer --threads need less";
  }
};

// Calls work(batch). When that throws std::bad_alloc, the two halves of the batch are tried one
// after the other, and their halves in turn; a batch of one throws OutOfMemoryForOne. A call of
// `work` that throws must leave nothing behind.
void run_in_parts(const std::vector<Index>& batch,
                  const std::function<void(const std::vector<Index>&)>& work);

// Returns the features [frames, C] of each utterance of a batch, computed on `threads` threads; the
// number of threads changes no bit. With a `cache`, which may be null, features that it has are not
// computed, and others are kept in it; every file is read all the same. Throws Error when a file's
// audio is not as long as it was when the plan was made.
Ragged<float> batch_features(data::AudioReader& audio, const std::vector<Index>& batch,
                             const BatchPlan& plan, const data::FeatureExtractor& extractor,
                             int threads, data::FeatureCache* cache = nullptr);

}  // namespace edgeval
