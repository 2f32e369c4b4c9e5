#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {
namespace {

class SentencesOfOnePoint final : public SearchSink {
 public:
  void receive(Index /*point*/, std::vector<SearchResult>&& results) override {
    results_ = std::move(results);
  }
  std::vector<SearchResult> take() { return std::move(results_); }

 private:
  std::vector<SearchResult> results_;
};

}  // namespace

std::vector<SearchResult> DecoderEngine::search(const EncodedBatch& batch,
                                                const OperatingPoint& point,
                                                const SearchOptions& options,
                                                LayerObserver* observer) {
  const SearchPoint one{point, options};
  SentencesOfOnePoint sink;
  search(batch, std::span(&one, 1), sink, observer);
  return sink.take();
}

}  // namespace edgeval
