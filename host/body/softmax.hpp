// The softmax of a row: of a vocabulary's scores as log-probabilities, of a sentence's positions as
// shares; in fp32 and in integers (host/numeric/softmax.hpp has the formats).
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

// What no number is below.
template <class T>
inline constexpr T kLeast = std::numeric_limits<T>::has_infinity
                                ? -std::numeric_limits<T>::infinity()
                                : std::numeric_limits<T>::lowest();

// The greatest of z [width], width 1 or more. A thread reads its own elements alone.
template <class Block, class T>
EDGEVAL_HD_ALWAYS T greatest(Block block, const T* z, Index width) {
  return block.best(
      width, kLeast<T>, [&](Index i) { return z[i]; }, [](T a, T b) { return a > b; });
}

// z [width] -> z - max z - ln sum exp(z - max z), in place.
template <class Block>
EDGEVAL_HD_ALWAYS void log_softmax_row(Block block, float* z, Index width) {
  const float most = greatest(block, z, width);
  const double sum = block.template total<double>(
      width, [&](Index i) { return static_cast<double>(exponential(z[i] - most)); });
  const auto shift = static_cast<float>(static_cast<double>(most) + natural_logarithm(sum));
  block.for_each(width, [&](Index i) { z[i] -= shift; });
}

// z [width] in kStateBits -> y [width], which may be the same memory.
template <class Block>
EDGEVAL_HD_ALWAYS void log_softmax_row(Block block, const SoftmaxTables& tables,
                                       const std::int32_t* z, Index width, float* y) {
  const auto most = static_cast<std::uint32_t>(greatest(block, z, width));
  const auto sum = block.template total<std::uint64_t>(width, [&](Index i) {
    return static_cast<std::uint64_t>(
        exp_of_distance(tables, most - static_cast<std::uint32_t>(z[i])));
  });
  const std::int64_t ln = ln_of_sum(tables, sum);
  block.for_each(width,
                 [&](Index i) { y[i] = log_share(most - static_cast<std::uint32_t>(z[i]), ln); });
}

template <class T>
struct Peak {
  T score;
  std::int64_t at;
};

// The greatest of scores [width] and its place, of equal ones the first.
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

// scores [width] -> shares of 1, in place; seen by every thread. Returns the place of the greatest.
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

// In integers the shares are weights in kExpBits, in place of scores with so many fraction bits,
// over their sum.
struct FixedShares {
  Index most;  // the place of the greatest
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
