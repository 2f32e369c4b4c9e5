// The steps of a beam search (host/engine/translate/beam_search.hpp): the best candidates of a row,
// those of a sentence, and what is decided on them.
#pragma once

#include <limits>

#include "host/body/block.hpp"

namespace edgeval {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr int kNoToken = std::numeric_limits<int>::max();

struct Candidate {
  float score;  // the sum of log-probabilities with this token
  int token;
  int row;  // among the sentence's live rows
  // Whether it comes before the other: a total order.
  EDGEVAL_HD bool before(const Candidate& other) const {
    if (score != other.score) return score > other.score;
    if (token != other.token) return token < other.token;
    return row < other.row;
  }
  EDGEVAL_HD bool exists() const { return token != kNoToken; }
};

// Behind all others.
EDGEVAL_HD Candidate no_candidate() { return {-kInfinity, kNoToken, kNoToken}; }

struct CandidateOrder {
  EDGEVAL_HD bool operator()(const Candidate& a, const Candidate& b) const { return a.before(b); }
};

// Where a row's candidates come from: lp [width], the row's sum before, and a token that may not be
// (-1: none).
struct CandidateRow {
  const float* log_probabilities;
  Index width;
  float before;
  int row, barred;
};

// The best `count` candidates of a row in falling order -> best [count], no_candidate() behind the
// last.
template <class Block>
EDGEVAL_HD void row_candidates(Block block, const CandidateRow& from, int count, Candidate* best) {
  Candidate last{kInfinity, -1, from.row};  // before all
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

// of_rows [rows, count], each in falling order -> the best `count` of all. heads [rows] is scratch.
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

// The scores of candidates, for a beam's rule.
struct CandidateScores {
  const Candidate* candidates;
  EDGEVAL_HD float operator[](Index i) const { return candidates[i].score; }
};

// How many of best [count] a beam keeps.
template <class Rule>
EDGEVAL_HD int chosen_width(const Rule& rule, const Candidate* best, int count) {
  return rule.keep(CandidateScores{best}, count);
}

// When a sentence is through.
struct SearchEnd {
  int n_best, longest;
  // step: from 1; finished: hypotheses that have ended so far; live: that go on; best_ended: the
  // best one kept has ended.
  EDGEVAL_HD bool reached(int step, std::int64_t finished, std::int64_t live,
                          bool best_ended) const {
    return (best_ended && finished >= n_best) || live == 0 || step >= longest;
  }
};

}  // namespace edgeval
