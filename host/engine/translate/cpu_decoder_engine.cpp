// The decoder engine on the CPU searches groups of sentences, one group a thread at a time.
#include <algorithm>
#include <numeric>

#include "host/core/parallel.hpp"
#include "host/engine/translate/beam_search.hpp"

namespace edgeval {
namespace {

// Number of sentences in a group: enough rows to keep the products busy, few enough that their
// logits stay in a thread's cache.
constexpr Index kGroup = 64;

class CpuDecoderEngine final : public DecoderEngine {
 public:
  CpuDecoderEngine(std::shared_ptr<const TranslationModel> model, const EngineOptions& options)
      : threads_(options.threads > 0 ? options.threads : hardware_threads()),
        weights_(std::move(model), options) {}

  using DecoderEngine::search;
  // With an observer the groups run one after the other.
  void search(const EncodedBatch& batch, std::span<const SearchPoint> points, SearchSink& sink,
              LayerObserver* observer) override {
    const int threads = observer == nullptr ? threads_ : 1;
    for (std::size_t p = 0; p < points.size(); ++p) {
      const Decoder decoder(weights_, points[p].layers);
      std::vector<SearchResult> results(static_cast<std::size_t>(batch.keys.sequences()));
      for_each_group(batch, threads, [&](Index first, EncodedBatch group) {
        std::ranges::move(beam_search(decoder, std::move(group), points[p].search, observer),
                          results.begin() + first);
      });
      sink.receive(static_cast<Index>(p), std::move(results));
    }
  }

  std::vector<double> log_probabilities(const EncodedBatch& batch, const OperatingPoint& point,
                                        std::span<const std::vector<int>> targets) override {
    const Decoder decoder(weights_, point);
    std::vector<double> sums(targets.size());
    for_each_group(batch, threads_, [&](Index first, EncodedBatch group) {
      const auto size = static_cast<std::size_t>(group.keys.sequences());
      std::ranges::move(score_group(decoder, std::move(group),
                                    targets.subspan(static_cast<std::size_t>(first), size)),
                        sums.begin() + first);
    });
    return sums;
  }

 private:
  template <class Work>
  static void for_each_group(const EncodedBatch& batch, int threads, const Work& work) {
    const Index count = batch.keys.sequences();
    parallel_for((count + kGroup - 1) / kGroup, threads, [&](Index g) {
      const Index first = g * kGroup;
      work(first, slice(batch, first, std::min(count, first + kGroup)));
    });
  }

  static std::vector<double> score_group(const Decoder& decoder, EncodedBatch batch,
                                         std::span<const std::vector<int>> targets);

  const int threads_;
  DecoderWeights weights_;
};

std::vector<double> CpuDecoderEngine::score_group(const Decoder& decoder, EncodedBatch batch,
                                                  std::span<const std::vector<int>> targets) {
  const VocabularyConfig& vocabulary = decoder.model().target;
  const auto bos = static_cast<int>(*vocabulary.bos), eos = static_cast<int>(*vocabulary.eos);
  std::vector<Activity> uncounted(targets.size(), decoder.counts().blank());
  const DecoderRecord record{uncounted};
  const DecoderMemory memory = decoder.remember(std::move(batch.keys), record);
  DecoderState state = decoder.start(batch.states, memory, record);
  std::vector<double> sums(targets.size());
  std::vector<std::size_t> going(targets.size());
  std::iota(going.begin(), going.end(), std::size_t{0});
  std::vector<Index> attended;
  Matrix<float> log_probabilities;
  for (std::size_t t = 0; !going.empty(); ++t) {
    std::vector<Decoder::Row> rows;
    for (std::size_t n : going)
      rows.push_back({static_cast<Index>(n), t == 0 ? bos : targets[n][t - 1]});
    decoder.step(memory, rows, state, log_probabilities, attended, record);
    std::vector<std::size_t> still;
    std::vector<Index> parents;
    for (std::size_t r = 0; r < going.size(); ++r) {
      const std::vector<int>& target = targets[going[r]];
      const bool last = t == target.size();
      sums[going[r]] +=
          static_cast<double>(log_probabilities(static_cast<Index>(r), last ? eos : target[t]));
      if (last) continue;
      still.push_back(going[r]);
      parents.push_back(static_cast<Index>(r));
    }
    state = state.gather(parents);
    going = std::move(still);
  }
  return sums;
}

}  // namespace

std::unique_ptr<DecoderEngine> make_cpu_decoder_engine(
    std::shared_ptr<const TranslationModel> model, const EngineOptions& options) {
  return std::make_unique<CpuDecoderEngine>(std::move(model), options);
}

}  // namespace edgeval
