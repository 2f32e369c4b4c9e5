#include "host/engine/translator.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "host/core/parallel.hpp"
#include "host/engine/counting.hpp"

namespace edgeval {
namespace {

// Sentences of one group: enough rows to keep the products busy, few enough that their logits stay in a thread's cache.
constexpr Index kGroup = 64;

// Those of sentences [first, last).
EncoderStates part_of(const EncoderStates& states, Index first, Index last) {
  const auto rows = [&](const Matrix<float>& all) {
    Matrix<float> some(last - first, all.cols());
    std::copy_n(all.row(first), some.size(), some.data());
    return some;
  };
  EncoderStates part;
  for (const Matrix<float>& h : states.h) part.h.push_back(rows(h));
  for (const Matrix<float>& c : states.c) part.c.push_back(rows(c));
  return part;
}

}  // namespace

std::vector<Index> longest_first(const std::vector<Sentence>& sentences) {
  std::vector<Index> places(sentences.size());
  std::iota(places.begin(), places.end(), Index{0});
  std::ranges::stable_sort(places, std::ranges::greater{}, [&](Index n) { return sentences[static_cast<std::size_t>(n)].size(); });
  return places;
}

Translator::Translator(const TranslationModel& model, const EngineOptions& options)
    : model_(model),
      threads_(options.threads > 0 ? options.threads : hardware_threads()),
      engine_(make_cpu_engine(model.network, options)),
      weights_(std::make_unique<DecoderWeights>(model, options)) {}

Ragged<float> Translator::embed(const std::vector<Sentence>& sentences, const std::vector<Index>& which) const {
  std::vector<Index> lengths;
  for (Index n : which) lengths.push_back(static_cast<Index>(sentences[static_cast<std::size_t>(n)].size()));
  Ragged<float> embedded(lengths, model_.source_embedding.cols());
  float* to = embedded.values.data();
  for (Index n : which)
    for (Index id : sentences[static_cast<std::size_t>(n)])
      to = std::copy_n(model_.source_embedding.row(id), embedded.cols(), to);
  return embedded;
}

template <class Work>
void Translator::for_each_group(const std::vector<Sentence>& sentences, const OperatingPoint& point, LayerObserver* observer,
                                const Work& work) const {
  std::vector<Index> which = longest_first(sentences);
  while (!which.empty() && sentences[static_cast<std::size_t>(which.back())].empty()) which.pop_back();
  if (which.empty()) return;
  const Decoder decoder(*weights_, point);
  const Encoded encoded = encode(model_, *engine_, embed(sentences, which), point, observer);
  const auto count = static_cast<Index>(which.size());
  parallel_for((count + kGroup - 1) / kGroup, observer == nullptr ? threads_ : 1, [&](Index g) {
    const Index first = g * kGroup, last = std::min(count, first + kGroup);
    const auto from = static_cast<std::size_t>(first), size = static_cast<std::size_t>(last - first);
    work(decoder, std::span(std::as_const(which)).subspan(from, size), std::span(encoded.activity).subspan(from, size),
         slice(encoded.keys, first, last), part_of(encoded.states, first, last));
  });
}

Activity Translator::busiest(const OperatingPoint& point, Index steps) const {
  Activity activity = busiest_activity(model_.network, point, steps);
  const std::vector<LayerActivity> decoder = Decoder(*weights_, point).blank_activity().layers;
  const std::size_t first = model_.network.stack().size(), attention = decoder.size() - 1;
  std::size_t at = activity.layers.size() - (model_.network.layers.size() - first);  // of the decoder's first layer
  for (std::size_t i = 0; i < attention; ++i, ++at) {
    activity.layers[at].shape.form = decoder[i].shape.form;
    const LayerActivity dense = dense_counts(activity.layers[at].shape, 1, steps);
    for (Count count : {Count::kNonlinearities, Count::kCandidateComparisons})
      activity.layers[at][count] = std::max(activity.layers[at][count], dense[count]);
  }
  activity.layers.push_back(dense_counts(decoder[attention].shape, 1, steps));
  return activity;
}

std::vector<Translation> Translator::run(const std::vector<Sentence>& sentences, const OperatingPoint& point,
                                         const SearchOptions& options, LayerObserver* observer) const {
  std::vector<Translation> translations(sentences.size());
  for (Translation& translation : translations) translation.search.best.emplace_back().ended = true;
  for_each_group(sentences, point, observer, [&](const Decoder& decoder, std::span<const Index> group,
                                                 std::span<const Activity> encoder, Ragged<float> keys,
                                                 const EncoderStates& states) {
    std::vector<SearchResult> results = beam_search(decoder, std::move(keys), states, options, observer);
    for (std::size_t i = 0; i < group.size(); ++i) {
      Translation& translation = translations[static_cast<std::size_t>(group[i])];
      translation.search = std::move(results[i]);
      translation.activity = encoder[i];
      std::vector<LayerActivity>& layers = translation.activity.layers;
      for (LayerActivity& layer : translation.search.activity.layers) layers.push_back(std::move(layer));
      translation.search.activity = {};
    }
  });
  return translations;
}

std::vector<double> Translator::log_probabilities(const std::vector<Sentence>& sources,
                                                  const std::vector<std::vector<int>>& targets,
                                                  const OperatingPoint& point) const {
  std::vector<double> sums(sources.size());
  for_each_group(sources, point, nullptr, [&](const Decoder& decoder, std::span<const Index> group, std::span<const Activity>,
                                              Ragged<float> keys, const EncoderStates& states) {
    std::vector<const std::vector<int>*> of_group;
    for (Index n : group) of_group.push_back(&targets[static_cast<std::size_t>(n)]);
    const std::vector<double> scores = score_group(decoder, std::move(keys), states, of_group);
    for (std::size_t i = 0; i < group.size(); ++i) sums[static_cast<std::size_t>(group[i])] = scores[i];
  });
  return sums;
}

std::vector<double> Translator::score_group(const Decoder& decoder, Ragged<float> keys, const EncoderStates& states,
                                            const std::vector<const std::vector<int>*>& targets) const {
  const auto bos = static_cast<int>(*model_.target.bos), eos = static_cast<int>(*model_.target.eos);
  std::vector<Activity> uncounted(targets.size(), decoder.blank_activity());
  const DecoderRecord record{uncounted};
  const DecoderMemory memory = decoder.remember(std::move(keys), record);
  DecoderState state = decoder.start(states, memory, record);
  std::vector<double> sums(targets.size());
  std::vector<std::size_t> going(targets.size());
  std::iota(going.begin(), going.end(), std::size_t{0});
  std::vector<Index> attended;
  Matrix<float> log_probabilities;
  for (std::size_t t = 0; !going.empty(); ++t) {
    std::vector<Decoder::Row> rows;
    for (std::size_t n : going) rows.push_back({static_cast<Index>(n), t == 0 ? bos : (*targets[n])[t - 1]});
    decoder.step(memory, rows, state, log_probabilities, attended, record);
    std::vector<std::size_t> still;
    std::vector<Index> parents;
    for (std::size_t r = 0; r < going.size(); ++r) {
      const std::vector<int>& target = *targets[going[r]];
      const bool last = t == target.size();
      sums[going[r]] += static_cast<double>(log_probabilities(static_cast<Index>(r), last ? eos : target[t]));
      if (last) continue;
      still.push_back(going[r]);
      parents.push_back(static_cast<Index>(r));
    }
    state = state.gather(parents);
    going = std::move(still);
  }
  return sums;
}

}  // namespace edgeval
