#include "host/engine/beam_search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

struct Candidate {
  float score;
  int token;
  Index row;  // among the sentence's live rows
  // Whether it comes before the other: a total order.
  bool before(const Candidate& other) const {
    if (score != other.score) return score > other.score;
    if (token != other.token) return token < other.token;
    return row < other.row;
  }
};

// The best k of candidates that are offered in any order.
class Best {
 public:
  explicit Best(int k) : k_(static_cast<std::size_t>(k)) {}
  void clear() { heap_.clear(); }
  void offer(const Candidate& candidate) {
    if (heap_.size() == k_) {
      if (!candidate.before(heap_.front())) return;
      std::ranges::pop_heap(heap_, worse_on_top);
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::ranges::push_heap(heap_, worse_on_top);
  }
  // What a score must exceed, or equal, to be of interest.
  float least() const { return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front().score; }
  std::vector<Candidate> sorted() const {
    std::vector<Candidate> all = heap_;
    std::ranges::sort(all, worse_on_top);
    return all;
  }

 private:
  static bool worse_on_top(const Candidate& a, const Candidate& b) { return a.before(b); }
  const std::size_t k_;
  std::vector<Candidate> heap_;
};

// Whether before + row[i] >= least for some i.
bool any_at_least(const float* row, Index count, float before, float least) {
  int found = 0;
  for (Index i = 0; i < count; ++i) found |= before + row[i] >= least ? 1 : 0;
  return found != 0;
}

// One sentence's search; its rows stand side by side among those of the batch.
class Sentence {
 public:
  struct Live {
    float score;
    std::size_t node;  // of its last token; kNone before the first
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool done = false;
  std::vector<Live> live{{0, kNone}};
  SearchResult result;

  int token(std::size_t row, int bos) const { return live[row].node == kNone ? bos : nodes_[live[row].node].token; }

  // log_probabilities, attended: of the live rows, from row `first` on. Appends the rows' parents, counted from `first`.
  void advance(const Matrix<float>& log_probabilities, const std::vector<Index>& attended, Index first, int eos,
               const SearchOptions& options, std::vector<Index>& parents) {
    const int widest = widest_of(options.beam);
    const auto step = static_cast<int>(++result.counts.steps);
    result.counts.rows += live.size() + ended_;
    result.counts.rows_live += live.size();
    const std::vector<Candidate> best = candidates(log_probabilities, first, step <= options.shortest ? eos : -1, widest);
    std::vector<float> scores;
    for (const Candidate& candidate : best) scores.push_back(candidate.score);
    result.spreads.push_back(DynamicBeam::spread(scores));
    const int width = std::visit([&](const auto& beam) { return beam.keep(scores); }, options.beam);
    result.counts.beam_width_sum += static_cast<std::uint64_t>(width);
    keep(std::span(best).first(std::min<std::size_t>(static_cast<std::size_t>(width), best.size())), attended, first, eos,
         options, parents);
    done = done || live.empty() || step >= options.longest;
    if (done) conclude(options);
  }

 private:
  struct Node {
    std::size_t parent;
    int token;
    Index attended;
  };

  std::vector<Candidate> candidates(const Matrix<float>& log_probabilities, Index first, int barred, int widest) const {
    constexpr Index kAtOnce = 64;  // tokens passed over together where none is of interest
    Best best(widest);
    const Index width = log_probabilities.cols();
    for (std::size_t r = 0; r < live.size(); ++r) {
      const float* row = log_probabilities.row(first + static_cast<Index>(r));
      const float before = live[r].score;
      for (Index v = 0; v < width; v += kAtOnce) {
        const Index end = std::min(width, v + kAtOnce);
        if (!any_at_least(row + v, end - v, before, best.least())) continue;
        for (Index w = v; w < end; ++w) {
          const float score = before + row[w];
          if (score >= best.least() && w != barred) best.offer({score, static_cast<int>(w), static_cast<Index>(r)});
        }
      }
    }
    return best.sorted();
  }

  void keep(std::span<const Candidate> kept, const std::vector<Index>& attended, Index first, int eos,
            const SearchOptions& options, std::vector<Index>& parents) {
    std::vector<Live> next;
    const auto step = static_cast<double>(result.counts.steps);
    ended_ = 0;
    for (const Candidate& candidate : kept) {
      const Live& parent = live[static_cast<std::size_t>(candidate.row)];
      if (candidate.token == eos) {
        finish(parent.node, candidate.score, step, true, options);
        ++ended_;
      } else {
        nodes_.push_back({parent.node, candidate.token, attended[static_cast<std::size_t>(first + candidate.row)]});
        next.push_back({candidate.score, nodes_.size() - 1});
        parents.push_back(candidate.row);
      }
    }
    const bool best_ended = !kept.empty() && kept[0].token == eos;
    done = best_ended && result.best.size() >= static_cast<std::size_t>(options.n_best);
    live = std::move(next);
  }

  void finish(std::size_t node, float score, double tokens, bool ended, const SearchOptions& options) {
    Hypothesis hypothesis;
    for (std::size_t at = node; at != kNone; at = nodes_[at].parent) {
      hypothesis.tokens.push_back(nodes_[at].token);
      hypothesis.attended.push_back(nodes_[at].attended);
    }
    std::ranges::reverse(hypothesis.tokens);
    std::ranges::reverse(hypothesis.attended);
    const double divisor = options.penalty == LengthPenalty::kNone ? 1
                           : options.penalty == LengthPenalty::kAverage
                               ? tokens
                               : std::pow((5 + tokens) / 6, options.alpha);
    hypothesis.log_probability = score;
    hypothesis.score = static_cast<double>(score) / divisor;
    hypothesis.ended = ended;
    result.best.push_back(std::move(hypothesis));
  }

  void conclude(const SearchOptions& options) {
    if (result.best.empty())
      for (const Live& row : live) finish(row.node, row.score, static_cast<double>(result.counts.steps), false, options);
    std::ranges::stable_sort(result.best, std::ranges::greater{}, &Hypothesis::score);
    if (result.best.size() > static_cast<std::size_t>(options.n_best)) result.best.resize(static_cast<std::size_t>(options.n_best));
    live.clear();
    nodes_.clear();
  }

  std::vector<Node> nodes_;
  std::size_t ended_ = 0;  // rows kept after the last step that had ended
};

}  // namespace

std::vector<SearchResult> beam_search(const Decoder& decoder, Ragged<float> keys, const EncoderStates& encoder,
                                      const SearchOptions& options, LayerObserver* observer) {
  const VocabularyConfig& target = decoder.model().target;
  const auto bos = static_cast<int>(*target.bos), eos = static_cast<int>(*target.eos);
  std::vector<Sentence> sentences(static_cast<std::size_t>(keys.sequences()));
  std::vector<Activity> activity(sentences.size(), decoder.blank_activity());
  const DecoderRecord record{activity, observer};
  const DecoderMemory memory = decoder.remember(std::move(keys), record);
  DecoderState state = decoder.start(encoder, memory, record);
  std::vector<Index> going(sentences.size());  // sentences whose rows stand one after the other
  std::iota(going.begin(), going.end(), 0);
  Matrix<float> log_probabilities;
  std::vector<Index> attended;
  while (!going.empty()) {
    std::vector<Decoder::Row> rows;
    for (Index n : going) {
      const Sentence& sentence = sentences[static_cast<std::size_t>(n)];
      for (std::size_t r = 0; r < sentence.live.size(); ++r) rows.push_back({n, sentence.token(r, bos)});
    }
    decoder.step(memory, rows, state, log_probabilities, attended, record);
    std::vector<Index> parents, still;
    Index first = 0;
    for (Index n : going) {
      Sentence& sentence = sentences[static_cast<std::size_t>(n)];
      const auto before = static_cast<Index>(sentence.live.size());
      std::vector<Index> own;
      sentence.advance(log_probabilities, attended, first, eos, options, own);
      if (!sentence.done) {
        still.push_back(n);
        for (Index parent : own) parents.push_back(first + parent);
      }
      first += before;
    }
    state = state.gather(parents);
    going = std::move(still);
  }
  std::vector<SearchResult> results;
  for (std::size_t n = 0; n < sentences.size(); ++n) {
    SearchResult& result = results.emplace_back(std::move(sentences[n].result));
    result.activity = std::move(activity[n]);
    decoder.complete(memory, static_cast<Index>(n), static_cast<Index>(result.counts.rows_live), result.activity);
  }
  return results;
}

}  // namespace edgeval
