// The steps of a beam search (host/engine/translate/beam_search.hpp): the best candidates of a row,
// the best of a sentence, how many of them live on, and when a sentence is done.
#pragma once

#include <limits>

#include "host/body/block.hpp"

namespace edgeval {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr int kNoToken = std::numeric_limits<int>::max();

struct Candidate {
  float score;  // the sum of log-probabilities, this token's included
  int token;
  int row;  // number of the row among the sentence's live rows
  // Whether this candidate comes before the other one, in a total order.
  EDGEVAL_HD bool before(const Candidate& other) const {
    if (score != other.score) return score > other.score;
    if (token != other.token) return token < other.token;
    return row < other.row;
  }
  EDGEVAL_HD bool exists() const { return token != kNoToken; }
};

// Returns a candidate that comes after all others.
EDGEVAL_HD Candidate no_candidate() { return {-kInfinity, kNoToken, kNoToken}; }

struct CandidateOrder {
  EDGEVAL_HD bool operator()(const Candidate& a, const Candidate& b) const { return a.before(b); }
};

// Where the candidates of a row come from: log-probabilities [width], the score of the row before
// this step, its number, and a token that is barred (-1 for none).
struct CandidateRow {
  const float* log_probabilities;
  Index width;
  float before;
  int row, barred;
};

// Writes the best `count` candidates of a row to best [count], in falling order, with
// no_candidate() after the last one.
template <class Block>
EDGEVAL_HD void row_candidates(Block block, const CandidateRow& from, int count, Candidate* best) {
  Candidate last{kInfinity, -1, from.row};  // comes before all candidates
  for (int i = 0; i < count; ++i) {
    last = block.best(
        from.width, no_candidate(),
        [&](Index v) {
          const Candidate next{from.before + from.log_probabilities[v], static_cast<int>(v),
                               from.row};
          return v != from.barred && last.before(next) ? next : no_candidate();
        },
        CandidateOrder{});
    block.once([&] { best[i] = last; });
  }
}

// Writes the best `count` candidates of of_rows [rows, count] to `best`. Each row of of_rows is in
// falling order. heads [rows] is scratch.
template <class Block>
EDGEVAL_HD void merge_candidates(Block block, const Candidate* of_rows, int rows, int count,
                                 int* heads, Candidate* best) {
  block.for_each(rows, [&](Index r) { heads[r] = 0; });
  for (int i = 0; i < count; ++i) {
    const Candidate next = block.best(
        rows, no_candidate(),
        [&](Index r) { return heads[r] < count ? of_rows[r * count + heads[r]] : no_candidate(); },
        CandidateOrder{});
    block.for_each(rows, [&](Index r) { heads[r] += r == next.row ? 1 : 0; });
    block.once([&] { best[i] = next; });
  }
}

// The scores of candidates, as a beam's rule reads them.
struct CandidateScores {
  const Candidate* candidates;
  EDGEVAL_HD float operator[](Index i) const { return candidates[i].score; }
};

// Returns how many of best [count] a beam keeps.
template <class Rule>
EDGEVAL_HD int chosen_width(const Rule& rule, const Candidate* best, int count) {
  return rule.keep(CandidateScores{best}, count);
}

// Says when the search of a sentence ends.
struct SearchEnd {
  int n_best, longest;
  // `step` counts from 1. `finished` is the number of hypotheses that have ended so far, `live` the
  // number of those that go on, and best_ended tells whether the best hypothesis kept has ended.
  EDGEVAL_HD bool reached(int step, std::int64_t finished, std::int64_t live,
                          bool best_ended) const {
    return (best_ended && finished >= n_best) || live == 0 || step >= longest;
  }
};

}  // namespace edgeval
