#include "host/engine/translate/beam_search.hpp"

#include <algorithm>
#include <numeric>

#include "host/engine/translate/sentence_search.hpp"

namespace edgeval {
namespace {

// Keeps the best k of candidates that are offered in any order.
class Best {
 public:
  explicit Best(int k) : k_(static_cast<std::size_t>(k)) {}
  void offer(const Candidate& candidate) {
    if (heap_.size() == k_) {
      if (!candidate.before(heap_.front())) return;
      std::ranges::pop_heap(heap_, CandidateOrder{});
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::ranges::push_heap(heap_, CandidateOrder{});
  }
  // Returns the least score with which a candidate could still enter.
  float least() const {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front().score;
  }
  std::vector<Candidate> sorted() && {
    std::ranges::sort(heap_, CandidateOrder{});
    return std::move(heap_);
  }

 private:
  const std::size_t k_;
  std::vector<Candidate> heap_;  // the worst on top
};

// Returns whether before + row[i] >= least for some i.
bool any_at_least(const float* row, Index count, float before, float least) {
  int found = 0;
  for (Index i = 0; i < count; ++i) found |= before + row[i] >= least ? 1 : 0;
  return found != 0;
}

// Returns the best candidates of a sentence, at most `widest`, in falling order. The sentence's
// rows begin at row `first` of log_probabilities [R, V].
std::vector<Candidate> best_candidates(const SentenceSearch& sentence,
                                       const Matrix<float>& log_probabilities, Index first,
                                       int widest) {
  constexpr Index kAtOnce = 64;  // tokens passed over together where none is of interest
  Best best(widest);
  const Index width = log_probabilities.cols();
  const int barred = sentence.barred();
  for (std::size_t r = 0; r < sentence.live().size(); ++r) {
    const float* row = log_probabilities.row(first + static_cast<Index>(r));
    const float before = sentence.live()[r].score;
    for (Index v = 0; v < width; v += kAtOnce) {
      const Index end = std::min(width, v + kAtOnce);
      if (!any_at_least(row + v, end - v, before, best.least())) continue;
      for (Index w = v; w < end; ++w) {
        const float score = before + row[w];
        if (score >= best.least() && w != barred)
          best.offer({score, static_cast<int>(w), static_cast<int>(r)});
      }
    }
  }
  return std::move(best).sorted();
}

}  // namespace

std::vector<SearchResult> beam_search(const Decoder& decoder, EncodedBatch batch,
                                      const SearchOptions& options, LayerObserver* observer) {
  const VocabularyConfig& target = decoder.model().target;
  const auto bos = static_cast<int>(*target.bos), eos = static_cast<int>(*target.eos);
  std::vector<SentenceSearch> sentences(static_cast<std::size_t>(batch.keys.sequences()),
                                        SentenceSearch(options, eos));
  std::vector<Activity> activity(sentences.size(), decoder.counts().blank());
  const DecoderRecord record{activity, observer};
  const DecoderMemory memory = decoder.remember(std::move(batch.keys), record);
  DecoderState state = decoder.start(batch.states, memory, record);
  std::vector<Index> going(sentences.size());  // sentences not done, in the order of their rows
  std::iota(going.begin(), going.end(), 0);
  Matrix<float> log_probabilities;
  std::vector<Index> attended;
  while (!going.empty()) {
    std::vector<Decoder::Row> rows;
    for (Index n : going) {
      const SentenceSearch& sentence = sentences[static_cast<std::size_t>(n)];
      for (std::size_t r = 0; r < sentence.live().size(); ++r)
        rows.push_back({n, sentence.token(r, bos)});
    }
    decoder.step(memory, rows, state, log_probabilities, attended, record);
    std::vector<Index> parents, still;
    Index first = 0;
    for (Index n : going) {
      SentenceSearch& sentence = sentences[static_cast<std::size_t>(n)];
      const auto before = sentence.live().size();
      const std::vector<Candidate> best =
          best_candidates(sentence, log_probabilities, first, widest_of(options.beam));
      const auto found = static_cast<int>(best.size());
      const int width = std::visit(
          [&](const auto& beam) { return chosen_width(beam.rule(), best.data(), found); },
          options.beam);
      const auto of_sentence = std::span(attended).subspan(static_cast<std::size_t>(first), before);
      const std::vector<Index> own = sentence.advance(best, width, of_sentence);
      if (!sentence.done()) {
        still.push_back(n);
        for (Index parent : own) parents.push_back(first + parent);
      }
      first += static_cast<Index>(before);
    }
    state = state.gather(parents);
    going = std::move(still);
  }
  std::vector<SearchResult> results;
  for (std::size_t n = 0; n < sentences.size(); ++n) {
    SearchResult& result = results.emplace_back(sentences[n].take());
    result.activity = std::move(activity[n]);
    decoder.counts().complete(KeyCounts::of(memory.keys.sequence(static_cast<Index>(n))),
                              static_cast<Index>(result.counts.rows_live), result.activity);
  }
  return results;
}

}  // namespace edgeval
