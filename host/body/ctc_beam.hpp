// The scores of CTC's prefix beam search (host/engine/ctc_beam.hpp). They are logarithms of
// probabilities as integers with kStateBits fraction bits, so that sums and decisions are the same
// bits in any order and on every device (host/numeric/softmax.hpp).
#pragma once

#include "host/body/block.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval {

// The logarithm of probability 0. Log-probabilities of frames may be added to it 2^20 times.
inline constexpr std::int64_t kNeverLog = -(std::int64_t{1} << 60);
EDGEVAL_HD bool is_possible(std::int64_t log) { return log > kNeverLog / 2; }

// ln(e^a + e^b), within 2^-19 of it.
EDGEVAL_HD std::int64_t log_add(const SoftmaxTables& tables, std::int64_t a, std::int64_t b) {
  const std::int64_t most = a > b ? a : b;
  const std::uint32_t below = score_distance(a > b ? a - b : b - a, kStateBits);
  const std::uint64_t one = std::uint64_t{1} << kExpBits;
  return most + ln_of_sum(tables, one + exp_of_distance(tables, below));
}

// What makes log-probabilities of the outputs z of a frame, which are finite. A probability that is
// more than 4096 nats below the greatest counts as that far below.
struct FrameSum {
  float most;       // the greatest z
  std::int64_t ln;  // the logarithm of the sum of e^(z - most)

  EDGEVAL_HD std::uint32_t below(float z) const {
    const double distance =
        (static_cast<double>(most) - static_cast<double>(z)) * (1 << kStateBits) + 0.5;
    return distance < 4294967295.0 ? static_cast<std::uint32_t>(distance) : 4294967295U;
  }
  EDGEVAL_HD std::int64_t log_probability(float z) const { return -(ln + std::int64_t{below(z)}); }
};

// Returns the sum of a frame with the outputs z [width].
template <class Block>
EDGEVAL_HD FrameSum frame_sum(Block block, const SoftmaxTables& tables, const float* z,
                              Index width) {
  FrameSum frame{};
  frame.most = block.best(
      width, z[0], [&](Index v) { return z[v]; }, [](float a, float b) { return a > b; });
  frame.ln = ln_of_sum(tables, block.template total<std::uint64_t>(width, [&](Index v) {
    return std::uint64_t{exp_of_distance(tables, frame.below(z[v]))};
  }));
  return frame;
}

// A prefix of the beam: the logarithms of the probability of all ways through the frames so far
// that end in a blank, of those that end in its last token, and of all of them.
struct CtcPrefix {
  std::int64_t blank, token, all;
};
// The prefix without tokens, before the first frame.
EDGEVAL_HD CtcPrefix empty_prefix() { return {0, kNeverLog, 0}; }

// Returns a prefix after a frame in which it stays as it is. of_blank and of_last are the frame's
// log-probabilities of the blank and of the prefix's last token, `last` is whether it has one, and
// extended is extended_log() of the prefix without its last token where the beam has that, else
// kNeverLog.
EDGEVAL_HD CtcPrefix stayed(const SoftmaxTables& tables, const CtcPrefix& prefix, bool last,
                            std::int64_t of_blank, std::int64_t of_last, std::int64_t extended) {
  const std::int64_t blank = prefix.all + of_blank;
  const std::int64_t token = last ? log_add(tables, prefix.token + of_last, extended) : kNeverLog;
  return {blank, token, log_add(tables, blank, token)};
}

// Returns the logarithm of the probability that a prefix is extended by a token with this
// log-probability. A token that is the prefix's last one counts anew only behind a blank.
EDGEVAL_HD std::int64_t extended_log(const CtcPrefix& prefix, bool repeats, std::int64_t of_token) {
  return (repeats ? prefix.blank : prefix.all) + of_token;
}

// What may live on: a prefix that stays (kStays) or is extended by a token.
struct alignas(16) CtcCandidate {
  static constexpr int kStays = -1;
  std::int64_t score;  // CtcPrefix::all of the prefix that it makes
  int token;
  int row;  // of the prefix among those of the beam
  // Whether this candidate comes before the other one, in a total order.
  EDGEVAL_HD bool before(const CtcCandidate& other) const {
    if (score != other.score) return score > other.score;
    if (token != other.token) return token < other.token;
    return row < other.row;
  }
  // Returns the prefix that it makes; stays has the prefix of each row where that stays.
  EDGEVAL_HD CtcPrefix after(const CtcPrefix* stays) const {
    return token == kStays ? stays[row] : CtcPrefix{kNeverLog, score, score};
  }
};

// Returns how many tokens of a frame, the likeliest first, may extend a row of the beam, the
// likeliest of which is row 0, so that what they make is among the best `widest` candidates.
//
// What extends row i by the j-th token, counted from 0, comes behind at least (i + 1) j - 1 others,
// so it is among the best only if (i + 1) j is not above `widest`: for each row up to i and each
// token up to the j-th, the row extended by that token is a candidate in front of it, or, where
// this prefix is in the beam, the prefix itself, which stays with as great a probability. One token
// of each row may be an exception, the row's last one, which counts anew only behind a blank. So
// all rows together have some widest ln(widest) candidates, whatever the number of tokens is.
EDGEVAL_HD int tokens_of_row(int row, int widest) { return widest / (row + 1) + 1; }

// A token that prefixes may be extended by in a frame.
struct alignas(16) FrameToken {
  std::int64_t log;  // its log-probability
  int token;
  // Whether this token comes before the other one, in a total order.
  EDGEVAL_HD bool before(const FrameToken& other) const {
    return log != other.log ? log > other.log : token < other.token;
  }
};

// The scores of candidates in nats, as a beam's rule reads them.
struct NatsOfCandidates {
  const CtcCandidate* candidates;
  EDGEVAL_HD float operator[](Index i) const {
    return static_cast<float>(static_cast<double>(candidates[i].score) / (1 << kStateBits));
  }
};

}  // namespace edgeval
