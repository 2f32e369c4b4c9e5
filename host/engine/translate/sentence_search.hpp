// Keeps the state of one sentence's search from step to step (beam_search.hpp has the rules): which
// hypotheses live and where they came from, which have ended, and the work so far. The best
// candidates of a step are found elsewhere, on the CPU or on a GPU.
#pragma once

#include <span>

#include "host/body/beam.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

class SentenceSearch {
 public:
  struct Live {
    float score;
    std::size_t node;  // the node of its last token; kNone before the first
  };

  SentenceSearch(const SearchOptions& options, int eos)
      : options_(options), end_{options.n_best, options.longest}, eos_(eos) {}

  bool done() const { return done_; }
  const std::vector<Live>& live() const { return live_; }
  int token(std::size_t row, int bos) const {
    return live_[row].node == kNone ? bos : nodes_[live_[row].node].token;
  }
  // Returns the token that may not come next, or -1 where all may.
  int barred() const {
    return static_cast<int>(result_.counts.steps) < options_.shortest ? eos_ : -1;
  }

  // Takes the search one step on. best: the step's candidates in falling order, of which the beam
  // keeps `width`; attended: the source position that each live row attended to most. Returns for
  // each row of the next step the row that it continues.
  std::vector<Index> advance(std::span<const Candidate> best, int width,
                             std::span<const Index> attended);

  // Returns the result, once done() is true.
  SearchResult take() { return std::move(result_); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Node {
    std::size_t parent;
    int token;
    Index attended;
  };

  void finish(std::size_t node, float score, bool ended);
  void conclude();

  const SearchOptions options_;
  const SearchEnd end_;
  const int eos_;
  bool done_ = false;
  std::vector<Live> live_{{0, kNone}};
  std::vector<Node> nodes_;
  std::size_t ended_ = 0;  // how many hypotheses ended at the last step
  SearchResult result_;
};

}  // namespace edgeval
