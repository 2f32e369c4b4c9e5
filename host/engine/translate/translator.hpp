// Sentences of ids through a translation model: embed -> encode -> beam search. The encoder runs
// over the whole batch; the search goes by groups of sentences of like length, one group a thread
// at a time. Results depend on neither.
#pragma once

#include <memory>
#include <vector>

#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

using Sentence =
    std::vector<Index>;  // ids of the source, bos and eos included where the model wants them

// The places of all sentences, longest first, so that neighbours end at about the same step.
std::vector<Index> longest_first(const std::vector<Sentence>& sentences);

struct Translation {
  SearchResult search;  // its activity moved to:
  Activity activity;    // of the encoder's layers, then of the decoder's and the attention
};

// Packs weights for an arithmetic when first asked for it.
class Translator {
 public:
  // Encoder and decoder run on engines of the same model.
  Translator(std::shared_ptr<const TranslationModel> model, std::unique_ptr<Engine> encoder,
             std::unique_ptr<DecoderEngine> decoder)
      : model_(std::move(model)), engine_(std::move(encoder)), decoder_(std::move(decoder)) {}
  // On the CPU.
  Translator(const std::shared_ptr<const TranslationModel>& model, const EngineOptions& options);

  std::string device() const { return engine_->device(); }
  bool on_gpu() const { return engine_->on_gpu(); }

  // What kinds of work a point does, as busiest_activity has it, the search and the attention
  // included.
  Activity busiest(const OperatingPoint& point, Index steps) const;

  // One for each sentence. A sentence without ids takes no step, gives one empty hypothesis and
  // costs nothing. observer: sees all layers, those of the decoder as DecoderRecord says; with one
  // the groups run one after the other.
  std::vector<Translation> run(const std::vector<Sentence>& sentences, const OperatingPoint& point,
                               const SearchOptions& options, LayerObserver* observer = nullptr);

  // ln P(target | source), eos included, of each pair: targets without bos and eos. A source
  // without ids gives 0.
  std::vector<double> log_probabilities(const std::vector<Sentence>& sources,
                                        const std::vector<std::vector<int>>& targets,
                                        const OperatingPoint& point);

 private:
  // The places of those that have ids, longest first.
  static std::vector<Index> with_words(const std::vector<Sentence>& sentences);
  Ragged<float> embed(const std::vector<Sentence>& sentences,
                      const std::vector<Index>& which) const;

  std::shared_ptr<const TranslationModel> model_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<DecoderEngine> decoder_;
};

}  // namespace edgeval
