#include "host/engine/translate/translator.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "host/engine/counting.hpp"
#include "host/engine/shared_layers.hpp"
#include "host/engine/translate/decoder_counts.hpp"

namespace edgeval {
namespace {

// Joins what a search found to what the encoder did, and hands it on for all sentences of a call.
class GatheredSentences final : public SearchSink {
 public:
  // `which` are the places of the sentences that are searched, `encoder` what the encoder did for
  // each of these; `numbers` are those of the search's points in the call.
  GatheredSentences(std::size_t sentences, std::span<const Index> which,
                    std::span<const Activity> encoder, std::span<const Index> numbers,
                    TranslationSink& sink)
      : sentences_(sentences), which_(which), encoder_(encoder), numbers_(numbers), sink_(sink) {}

  void receive(Index point, std::vector<SearchResult>&& results) override {
    std::vector<Translation> translations(sentences_);
    for (Translation& translation : translations)
      translation.search.best.emplace_back().ended = true;
    for (std::size_t i = 0; i < which_.size(); ++i) {
      Translation& translation = translations[static_cast<std::size_t>(which_[i])];
      translation.search = std::move(results[i]);
      translation.activity = encoder_[i];
      std::ranges::move(translation.search.activity.layers,
                        std::back_inserter(translation.activity.layers));
      translation.search.activity = {};
    }
    sink_.receive(numbers_[static_cast<std::size_t>(point)], std::move(translations));
  }

 private:
  const std::size_t sentences_;
  const std::span<const Index> which_;
  const std::span<const Activity> encoder_;
  const std::span<const Index> numbers_;
  TranslationSink& sink_;
};

struct TranslationsOfOnePoint final : TranslationSink {
  std::vector<Translation> translations;
  void receive(Index /*point*/, std::vector<Translation>&& received) override {
    translations = std::move(received);
  }
};

}  // namespace

std::vector<Index> longest_first(const std::vector<Sentence>& sentences) {
  std::vector<Index> places(sentences.size());
  std::iota(places.begin(), places.end(), Index{0});
  std::ranges::stable_sort(places, std::ranges::greater{},
                           [&](Index n) { return sentences[static_cast<std::size_t>(n)].size(); });
  return places;
}

Translator::Translator(const std::shared_ptr<const TranslationModel>& model,
                       const EngineOptions& options)
    : Translator(model, make_cpu_engine(network_of(model), options),
                 make_cpu_decoder_engine(model, options)) {}

std::vector<Index> Translator::with_words(const std::vector<Sentence>& sentences) {
  std::vector<Index> which = longest_first(sentences);
  while (!which.empty() && sentences[static_cast<std::size_t>(which.back())].empty())
    which.pop_back();
  return which;
}

Ragged<float> Translator::embed(const std::vector<Sentence>& sentences,
                                const std::vector<Index>& which) const {
  std::vector<Index> lengths;
  for (Index n : which)
    lengths.push_back(static_cast<Index>(sentences[static_cast<std::size_t>(n)].size()));
  Ragged<float> embedded(lengths, model_->source_embedding.cols());
  float* to = embedded.values.data();
  for (Index n : which)
    for (Index id : sentences[static_cast<std::size_t>(n)])
      to = std::copy_n(model_->source_embedding.row(id), embedded.cols(), to);
  return embedded;
}

Activity Translator::busiest(const OperatingPoint& point, Index steps,
                             std::span<const CompressedSize> sizes) const {
  Activity activity = busiest_activity(model_->network, point, steps, sizes);
  const std::vector<LayerActivity> decoder = DecoderCounts(model_, point).blank().layers;
  const std::size_t first = model_->network.stack().size(), attention = decoder.size() - 1;
  std::size_t at = activity.layers.size() -
                   (model_->network.layers.size() - first);  // of the decoder's first layer
  for (std::size_t i = 0; i < attention; ++i, ++at) {
    activity.layers[at].shape.form = decoder[i].shape.form;
    const LayerActivity dense = dense_counts(activity.layers[at].shape, 1, steps);
    for (Count count : {Count::kNonlinearities, Count::kCandidateComparisons})
      activity.layers[at][count] = std::max(activity.layers[at][count], dense[count]);
  }
  activity.layers.push_back(dense_counts(decoder[attention].shape, 1, steps));
  return activity;
}

std::vector<std::vector<Index>> Translator::by_encoder(std::span<const SearchPoint> points,
                                                       const LayerObserver* observer) const {
  std::vector<std::vector<Index>> parts;
  std::map<std::vector<double>, std::size_t> known;
  for (std::size_t p = 0; p < points.size(); ++p) {
    std::vector<double> numbers;
    if (observer != nullptr)
      numbers = {static_cast<double>(p)};
    else
      for (const LayerPolicy& policy :
           std::span(points[p].layers.layers).first(model_->network.stack().size())) {
        const std::vector<double> of_layer = policy_numbers(policy);
        numbers.insert(numbers.end(), of_layer.begin(), of_layer.end());
      }
    const auto [part, is_new] = known.try_emplace(std::move(numbers), parts.size());
    if (is_new) parts.emplace_back();
    parts[part->second].push_back(static_cast<Index>(p));
  }
  return parts;
}

void Translator::run(const std::vector<Sentence>& sentences, std::span<const SearchPoint> points,
                     TranslationSink& sink, LayerObserver* observer) {
  const std::vector<Index> which = with_words(sentences);
  const std::vector<std::vector<Index>> parts = by_encoder(points, observer);
  const auto search = [&](const std::vector<Index>& numbers, const Encoded& encoded) {
    std::vector<SearchPoint> alike;
    for (const Index number : numbers) alike.push_back(points[static_cast<std::size_t>(number)]);
    GatheredSentences gathered(sentences.size(), which, encoded.activity, numbers, sink);
    if (which.empty())
      for (Index p = 0; p < std::ssize(alike); ++p) gathered.receive(p, {});
    else
      decoder_->search(encoded, alike, gathered, observer);
  };
  if (which.empty()) {
    for (const std::vector<Index>& numbers : parts) search(numbers, {});
    return;
  }
  const auto embedded = std::make_shared<const Ragged<float>>(embed(sentences, which));
  const std::unique_ptr<PreparedBatch> batch = engine_->prepare(embedded);
  const std::size_t at_once = observer != nullptr ? 1 : encoders_at_once(*embedded);
  for (std::size_t first = 0; first < parts.size(); first += at_once) {
    const auto now = std::span(parts).subspan(first, std::min(at_once, parts.size() - first));
    std::vector<OperatingPoint> encoders;
    for (const std::vector<Index>& numbers : now)
      encoders.push_back(points[static_cast<std::size_t>(numbers.front())].layers);
    const std::vector<Encoded> encoded = encode(*engine_, *batch, encoders, observer);
    for (std::size_t i = 0; i < now.size(); ++i) search(now[i], encoded[i]);
  }
}

std::size_t Translator::encoders_at_once(const Ragged<float>& embedded) const {
  const Index bytes = embedded.values.rows() * layer_outputs(model_->network.stack().back()) *
                      static_cast<Index>(sizeof(float));
  return static_cast<std::size_t>(std::max(Index{1}, kMostBytesAtOnce / std::max(bytes, Index{1})));
}

std::vector<Translation> Translator::run(const std::vector<Sentence>& sentences,
                                         const OperatingPoint& point, const SearchOptions& options,
                                         LayerObserver* observer) {
  const SearchPoint one{point, options};
  TranslationsOfOnePoint sink;
  run(sentences, std::span(&one, 1), sink, observer);
  return std::move(sink.translations);
}

std::vector<double> Translator::log_probabilities(const std::vector<Sentence>& sources,
                                                  const std::vector<std::vector<int>>& targets,
                                                  const OperatingPoint& point) {
  std::vector<double> sums(sources.size());
  const std::vector<Index> which = with_words(sources);
  if (which.empty()) return sums;
  std::vector<std::vector<int>> of_which;
  for (Index n : which) of_which.push_back(targets[static_cast<std::size_t>(n)]);
  const Encoded encoded = encode(*engine_, embed(sources, which), point);
  const std::vector<double> found = decoder_->log_probabilities(encoded, point, of_which);
  for (std::size_t i = 0; i < which.size(); ++i)
    sums[static_cast<std::size_t>(which[i])] = found[i];
  return sums;
}

}  // namespace edgeval
