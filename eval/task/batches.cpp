#include "eval/task/batches.hpp"

#include <algorithm>
#include <new>
#include <numeric>

#include "datasets/audio/audio.hpp"
#include "eval/task/memory.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"

namespace edgeval {
namespace {

constexpr double kShareOfMemory = 0.25;
// A larger batch gains no speed on a CPU and makes the progress bar jump. On a GPU the steps of a
// batch follow one another, and those of a thousand lanes take little longer than those of 64
// (docs/gpu.md, "What an H200 showed"), so that whole test sets run at once.
constexpr Index kMostUtterances = 512, kMostOnGpu = 4096;

// Returns the bytes that one frame needs at once: its features, and the input and output of the
// widest layer.
double bytes_per_frame(const Model& model) {
  Index widest = 0;
  for (const Layer& layer : model.layers)
    widest = std::max(widest, layer_inputs(layer) + layer_outputs(layer));
  return static_cast<double>(sizeof(float)) * static_cast<double>(model.inputs() + widest);
}

double seconds_of(Index samples, const FrontendConfig& frontend) {
  return static_cast<double>(samples) / frontend.sample_rate;
}

// Fills in the length of every utterance from the header of its audio file, with the notes and the
// warnings.
void measure(const data::TestSet& set, const FrontendConfig& frontend,
             const data::FeatureExtractor& extractor, BatchPlan& plan) {
  Index shorter = 0, unchecked = 0;
  std::string example, of_other_kind;
  for (const data::Utterance& utterance : set.utterances) {
    const data::AudioExtent extent =
        data::audio_extent(utterance.audio, frontend.sample_rate, utterance.part, set.kinds);
    plan.samples.push_back(extent.samples);
    plan.frames.push_back(extractor.frames(extent.samples));
    plan.seconds.push_back(seconds_of(extent.samples, frontend));
    if (extent.is_unchecked && ++unchecked == 1) of_other_kind = utterance.id;
    if (extent.is_shorter && ++shorter == 1)
      example = concat(utterance.part.place, ": ", plan.seconds.back(),
                       " s where the manifest says ", *utterance.part.duration, " s");
  }
  EDGEVAL_EXPECTS(std::ranges::any_of(plan.frames, [](Index frames) { return frames > 0; }),
                  set.path.string(), ": no utterance is as long as one frame (", frontend.frame_ms,
                  " ms)");
  if (shorter > 0)
    plan.notes.push_back(concat(shorter, shorter == 1 ? " audio file is" : " audio files are",
                                " shorter than the duration in the manifest and taken whole, the "
                                "first at ",
                                example));
  if (unchecked > 0)
    plan.warnings.push_back(
        concat(unchecked, unchecked == 1 ? " utterance is" : " utterances are",
               " of audio in which damage may pass unnoticed, the first with id ", of_other_kind));
}

// Returns the features of one utterance: from the cache, unless that is null or lacks them, else
// computed.
Matrix<float> features_of(data::AudioReader& audio, Index n, const BatchPlan& plan,
                          const data::FeatureExtractor& extractor, data::FeatureCache* cache) {
  data::AudioReader::Reading reading = audio.read(n);
  const data::FeatureSource source{reading.sha256(), audio.set().utterances[n].part,
                                   audio.set().kinds, plan.samples[n]};
  if (cache != nullptr)
    if (std::optional<Matrix<float>> kept = cache->find(source, plan.frames[n]))
      return std::move(*kept);
  const std::vector<float> samples = reading.samples();
  EDGEVAL_EXPECTS(std::ssize(samples) == plan.samples[n], audio.path(n).string(),
                  ": changed while it was being read");
  Matrix<float> features = extractor(samples);
  if (cache != nullptr) cache->keep(source, features);
  return features;
}

}  // namespace

BatchPlan plan_batches(const data::TestSet& set, const Model& model,
                       const data::FeatureExtractor& extractor, Index largest, Index gpus) {
  BatchPlan plan;
  measure(set, model.frontend, extractor, plan);
  std::vector<Index> order(plan.frames.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return plan.frames[a] > plan.frames[b]; });
  const auto most_frames =
      static_cast<Index>(kShareOfMemory * available_memory() / bytes_per_frame(model));
  const Index most = largest > 0 ? largest : std::max(kMostUtterances, gpus * kMostOnGpu);
  Index frames = 0;
  for (Index n : order) {
    const bool full = plan.batches.empty() ||
                      static_cast<Index>(plan.batches.back().size()) >= most ||
                      (largest == 0 && frames + plan.frames[n] > most_frames);
    if (full) {
      plan.batches.emplace_back();
      frames = 0;
    }
    plan.batches.back().push_back(n);
    frames += plan.frames[n];
  }
  return plan;
}

void run_in_parts(const std::vector<Index>& batch,
                  const std::function<void(const std::vector<Index>&)>& work) {
  try {
    return work(batch);
  } catch (const std::bad_alloc&) {
    if (batch.size() < 2) throw OutOfMemoryForOne();
  }
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  run_in_parts({batch.begin(), middle}, work);
  run_in_parts({middle, batch.end()}, work);
}

Ragged<float> batch_features(data::AudioReader& audio, const std::vector<Index>& batch,
                             const BatchPlan& plan, const data::FeatureExtractor& extractor,
                             int threads, data::FeatureCache* cache) {
  // `features` is allocated only after every file was found to hold what its header promises.
  std::vector<Matrix<float>> computed(batch.size());
  parallel_for(static_cast<Index>(batch.size()), threads, [&](Index lane) {
    computed[lane] = features_of(audio, batch[lane], plan, extractor, cache);
  });
  std::vector<Index> lengths;
  for (Index n : batch) lengths.push_back(plan.frames[n]);
  Ragged<float> features(lengths, extractor.width());
  for (Index lane = 0; lane < features.sequences(); ++lane) {
    const Matrix<float> own = std::move(computed[lane]);
    std::copy_n(own.data(), own.size(), features.sequence(lane).data);
  }
  return features;
}

}  // namespace edgeval
