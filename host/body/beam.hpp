// The steps of a beam search (host/engine/translate/beam_search.hpp): the best candidates of a row,
// the best of a sentence, how many of them live on, and when a sentence is done.
#pragma once

#include <limits>

#include "host/body/softmax.hpp"

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

// A row whose candidates are looked for: its score before this step, its number, and a token that
// is barred (-1 for none).
struct CandidateRow {
  float before;
  int row, barred;
  EDGEVAL_HD Candidate candidate(float log_probability, Index token) const {
    return {before + log_probability, static_cast<int>(token), row};
  }
};

// Writes the best `count` candidates of a row to best [count], in falling order, with
// no_candidate() after the last one. log_probability(v) is that of token v of `width`.
template <class Block, class LogProbability>
EDGEVAL_HD void row_candidates(Block block, const CandidateRow& from, Index width,
                               LogProbability log_probability, int count, Candidate* best) {
  Candidate last{kInfinity, -1, from.row};  // comes before all candidates
  for (int i = 0; i < count; ++i) {
    last = block.best(
        width, no_candidate(),
        [&](Index v) {
          const Candidate next = from.candidate(log_probability(v), v);
          return v != from.barred && last.before(next) ? next : no_candidate();
        },
        CandidateOrder{});
    block.once([&] { best[i] = last; });
  }
}

// Returns a score z of the vocabulary at or below every one whose candidate comes before that of
// `bound` or has the same score, in a row that had the score `before`. A candidate's score rises
// with z, but is rounded: the log-probability, and its sum with `before`, each by up to 2^-24 of
// itself. So scores tie only less than 2^-22 (|before| + |log-probability of bound|) apart; twice
// that is taken. A log-probability is at least z - most - ln(number of words), and this logarithm
// is below 64.
EDGEVAL_HD float lowest_tie(const FloatLogSoftmax& softmax, float before, float bound) {
  return bound - 0x1p-21F * (absolute(before) + (softmax.most - bound) + 64);
}
// In integers log-probabilities are rounded to kLogBits fraction bits as well.
EDGEVAL_HD std::int32_t lowest_tie(const FixedLogSoftmax& softmax, float before,
                                   std::int32_t bound) {
  constexpr float kOne = 1 << kStateBits, kStep = 1 << (kStateBits - kLogBits);
  const float distance = static_cast<float>(softmax.distance(bound)) / kOne;
  const float apart = 0x1p-21F * kOne * (absolute(before) + distance + 64) + 2 * kStep;
  const std::int64_t lowest = bound - static_cast<std::int64_t>(apart < 0x1p32F ? apart : 0x1p32F);
  return static_cast<std::int32_t>(saturate(lowest, 32));
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
