// A translator takes sentences of ids through a translation model: it embeds them, encodes them and
// searches for their best hypotheses. The encoder runs over the whole batch; the search takes
// groups of sentences of similar length, one group a thread at a time. Results depend on neither.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

// Ids of a source sentence, bos and eos included where the model wants them.
using Sentence = std::vector<Index>;

// Returns the places of all sentences, the longest first, so that neighbours end at about the same
// step.
std::vector<Index> longest_first(const std::vector<Sentence>& sentences);

// What one point made of one sentence.
struct Translation {
  SearchResult search;  // its activity is empty; its counts are part of:
  Activity activity;    // counts of the encoder's layers, then of the decoder's and the attention
};

// Receives translations point by point, one for each sentence of the call. When run() throws, what
// was received is void.
class TranslationSink {
 public:
  virtual ~TranslationSink() = default;
  // `point` is the point's number in the call.
  virtual void receive(Index point, std::vector<Translation>&& translations) = 0;
};

// A translator packs weights for an arithmetic when it is first asked for it.
class Translator {
 public:
  // Encoder and decoder are engines of the same model.
  Translator(std::shared_ptr<const TranslationModel> model, std::unique_ptr<Engine> encoder,
             std::unique_ptr<DecoderEngine> decoder)
      : model_(std::move(model)), engine_(std::move(encoder)), decoder_(std::move(decoder)) {}
  // Both engines are the CPU's.
  Translator(const std::shared_ptr<const TranslationModel>& model, const EngineOptions& options);

  std::string device() const { return engine_->device(); }
  bool on_gpu() const { return engine_->on_gpu(); }

  // Returns an activity that holds every kind of work the point may do, the search and the
  // attention included, as busiest_activity makes it of weights with these sizes.
  Activity busiest(const OperatingPoint& point, Index steps,
                   std::span<const CompressedSize> sizes) const;

  // Translates the sentences under each of the points. A sentence without ids takes no step, gives
  // one empty hypothesis and costs nothing. Points share the encoder's layers before the first one
  // for which their choices differ. `observer` sees all layers, those of the
  // decoder as DecoderRecord says, one point after the other; then every point has its own run of
  // the encoder, and the groups of sentences run one after the other.
  void run(const std::vector<Sentence>& sentences, std::span<const SearchPoint> points,
           TranslationSink& sink, LayerObserver* observer = nullptr);

  // Does the same for one point and returns a translation for each sentence.
  std::vector<Translation> run(const std::vector<Sentence>& sentences, const OperatingPoint& point,
                               const SearchOptions& options, LayerObserver* observer = nullptr);

  // Returns ln P(target | source), eos included, of each pair. Targets have no bos and eos. A
  // source without ids gives 0.
  std::vector<double> log_probabilities(const std::vector<Sentence>& sources,
                                        const std::vector<std::vector<int>>& targets,
                                        const OperatingPoint& point);

 private:
  // Returns the places of the sentences that have ids, the longest first.
  static std::vector<Index> with_words(const std::vector<Sentence>& sentences);
  // Parts the points by their choices for the encoder's layers; an observer sees each point alone.
  std::vector<std::vector<Index>> by_encoder(std::span<const SearchPoint> points,
                                             const LayerObserver* observer) const;
  // Returns of how many points the encoder's outputs are held at once, 1 or more.
  std::size_t encoders_at_once(const Ragged<float>& embedded) const;
  Ragged<float> embed(const std::vector<Sentence>& sentences,
                      const std::vector<Index>& which) const;

  std::shared_ptr<const TranslationModel> model_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<DecoderEngine> decoder_;
};

}  // namespace edgeval
