// The softmax of a row: log-probabilities from the scores of a vocabulary, shares from those of a
// sentence's positions, in fp32 and in integers (host/numeric/softmax.hpp has the formats).
#pragma once

#include <limits>

#include "host/body/block.hpp"
#include "host/numeric/nonlinear.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval {

EDGEVAL_HD_ALWAYS float exponential(float x) {
  const ExpParts e = exp_parts(x);
  return e.two_to_n + e.two_to_n * e.q;
}

// No number is below this one.
template <class T>
inline constexpr T kLeast = std::numeric_limits<T>::has_infinity
                                ? -std::numeric_limits<T>::infinity()
                                : std::numeric_limits<T>::lowest();

// Returns the greatest of z [width], width 1 or more. A thread reads only its own elements.
template <class Block, class T>
EDGEVAL_HD_ALWAYS T greatest(Block block, const T* z, Index width) {
  return block.best(
      width, kLeast<T>, [&](Index i) { return z[i]; }, [](T a, T b) { return a > b; });
}

// The log-softmax of a row whose greatest score is `most`, z - most - ln sum exp(z - most). Scores
// give weights, and the sum of these, once it is set, log-probabilities.
struct FloatLogSoftmax {
  using Sum = double;
  float most;
  float shift = 0;

  EDGEVAL_HD_ALWAYS Sum weight(float z) const { return static_cast<Sum>(exponential(z - most)); }
  EDGEVAL_HD_ALWAYS void set_sum(Sum sum) {
    shift = static_cast<float>(static_cast<double>(most) + natural_logarithm(sum));
  }
  EDGEVAL_HD_ALWAYS float log_probability(float z) const { return z - shift; }
};

// In integers scores have kStateBits fraction bits.
struct FixedLogSoftmax {
  using Sum = std::uint64_t;
  SoftmaxTables tables;
  std::int32_t most;
  std::int64_t ln = 0;

  EDGEVAL_HD_ALWAYS std::uint32_t distance(std::int32_t z) const {
    return static_cast<std::uint32_t>(most) - static_cast<std::uint32_t>(z);
  }
  EDGEVAL_HD_ALWAYS Sum weight(std::int32_t z) const {
    return exp_of_distance(tables, distance(z));
  }
  EDGEVAL_HD_ALWAYS void set_sum(Sum sum) { ln = ln_of_sum(tables, sum); }
  EDGEVAL_HD_ALWAYS float log_probability(std::int32_t z) const {
    return log_share(distance(z), ln);
  }
};

// Writes the log-probabilities of z [width] to y [width], which may be the same memory. `softmax`
// knows the greatest of z.
template <class Block, class Softmax, class T>
EDGEVAL_HD_ALWAYS void log_softmax_row(Block block, Softmax softmax, const T* z, Index width,
                                       float* y) {
  softmax.set_sum(block.template total<typename Softmax::Sum>(
      width, [&](Index i) { return softmax.weight(z[i]); }));
  block.for_each(width, [&](Index i) { y[i] = softmax.log_probability(z[i]); });
}
template <class Block>
EDGEVAL_HD_ALWAYS void log_softmax_row(Block block, float* z, Index width) {
  log_softmax_row(block, FloatLogSoftmax{greatest(block, z, width)}, z, width, z);
}
template <class Block>
EDGEVAL_HD_ALWAYS void log_softmax_row(Block block, const SoftmaxTables& tables,
                                       const std::int32_t* z, Index width, float* y) {
  log_softmax_row(block, FixedLogSoftmax{tables, greatest(block, z, width)}, z, width, y);
}

template <class T>
struct Peak {
  T score;
  std::int64_t at;
};

// Returns the greatest of scores [width] and its place, of equal ones the first.
template <class Block, class T>
EDGEVAL_HD Peak<T> peak(Block block, const T* scores, Index width) {
  return block.best(
      width, Peak<T>{scores[0], 0},
      [&](Index i) {
        return Peak<T>{scores[i], i};
      },
      [](const Peak<T>& a, const Peak<T>& b) {
        return a.score > b.score || (a.score == b.score && a.at < b.at);
      });
}

// Replaces scores [width] by shares of 1, which every thread then sees. Returns the place of the
// greatest score.
template <class Block>
EDGEVAL_HD Index softmax_row(Block block, float* scores, Index width) {
  const Peak<float> most = peak(block, scores, width);
  const double sum = block.template total<double>(width, [&](Index i) {
    return static_cast<double>(scores[i] = exponential(scores[i] - most.score));
  });
  block.for_each(width, [&](Index i) {
    scores[i] = static_cast<float>(static_cast<double>(scores[i]) / sum);
  });
  block.synchronize();
  return most.at;
}

// In integers the shares are weights with kExpBits fraction bits, over their sum. They replace the
// scores, which have fraction_bits fraction bits.
struct FixedShares {
  Index most;  // place of the greatest score
  std::int64_t sum;
};
template <class Block>
EDGEVAL_HD FixedShares softmax_row(Block block, const SoftmaxTables& tables, std::int64_t* scores,
                                   Index width, int fraction_bits) {
  const Peak<std::int64_t> most = peak(block, scores, width);
  const auto sum = block.template total<std::int64_t>(width, [&](Index i) {
    return scores[i] =
               exp_of_distance(tables, score_distance(most.score - scores[i], fraction_bits));
  });
  return {most.at, sum};
}

}  // namespace edgeval
