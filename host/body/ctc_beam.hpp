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

// Writes the log-probabilities of the outputs z [width] of a frame, which are finite, to log
// [width]. A probability that is more than 4096 nats below the greatest counts as that far below.
template <class Block>
EDGEVAL_HD void frame_logs(Block block, const SoftmaxTables& tables, const float* z, Index width,
                           std::int64_t* log) {
  const float most = block.best(
      width, z[0], [&](Index v) { return z[v]; }, [](float a, float b) { return a > b; });
  const auto below = [&](Index v) {
    const double distance =
        (static_cast<double>(most) - static_cast<double>(z[v])) * (1 << kStateBits) + 0.5;
    return distance < 4294967295.0 ? static_cast<std::uint32_t>(distance) : 4294967295U;
  };
  const auto sum = block.template total<std::uint64_t>(
      width, [&](Index v) { return std::uint64_t{exp_of_distance(tables, below(v))}; });
  const std::int64_t ln = ln_of_sum(tables, sum);
  block.for_each(width, [&](Index v) { log[v] = -(ln + std::int64_t{below(v)}); });
}

// A prefix of the beam: the logarithms of the probability of all ways through the frames so far
// that end in a blank, and of those that end in its last token.
struct CtcPrefix {
  std::int64_t blank, token;
};

// Returns a prefix after a frame in which it stays as it is. of_blank and of_last are the frame's
// log-probabilities of the blank and of the prefix's last token, `last` is whether it has one, and
// extended is extended_log() of the prefix without its last token where the beam has that, else
// kNeverLog.
EDGEVAL_HD CtcPrefix stayed(const SoftmaxTables& tables, const CtcPrefix& prefix, bool last,
                            std::int64_t of_blank, std::int64_t of_last, std::int64_t extended) {
  return {log_add(tables, prefix.blank, prefix.token) + of_blank,
          last ? log_add(tables, prefix.token + of_last, extended) : kNeverLog};
}

// Returns the logarithm of the probability that a prefix is extended by a token with this
// log-probability. A token that is the prefix's last one counts anew only behind a blank.
EDGEVAL_HD std::int64_t extended_log(const SoftmaxTables& tables, const CtcPrefix& prefix,
                                     bool repeats, std::int64_t of_token) {
  return (repeats ? prefix.blank : log_add(tables, prefix.blank, prefix.token)) + of_token;
}

// What may live on: a prefix that stays (kStays) or is extended by a token.
struct CtcCandidate {
  static constexpr int kStays = -1;
  std::int64_t score;  // ln(e^blank + e^token) of `after`
  int token;
  int row;  // of the prefix among those of the beam
  CtcPrefix after;
  // Whether this candidate comes before the other one, in a total order.
  EDGEVAL_HD bool before(const CtcCandidate& other) const {
    if (score != other.score) return score > other.score;
    if (token != other.token) return token < other.token;
    return row < other.row;
  }
};

}  // namespace edgeval
