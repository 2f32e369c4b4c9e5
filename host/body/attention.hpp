// Attention of one row over the positions of its own sentence.
// host/engine/translate/source_attention.hpp has the equations.
#pragma once

#include "host/body/softmax.hpp"
#include "host/numeric/activation_table.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

// Returns what element m adds to a position's score in mlp attention: v tanh(probe + hidden).
EDGEVAL_HD_ALWAYS double mlp_term(float v, float probe, float hidden) {
  return static_cast<double>(v) * static_cast<double>(hyperbolic_tangent(probe + hidden));
}

// Returns tanh(probe + hidden) in integers, with kUnitBits fraction bits.
EDGEVAL_HD_ALWAYS std::int32_t mlp_tanh(const ActivationTables& activations, float probe,
                                        float hidden) {
  const double z = (static_cast<double>(probe) + static_cast<double>(hidden)) * (1 << kStateBits);
  return table_tanh(activations, Grid::nearest(clamp(z, -0x1p31 + 1, 0x1p31 - 1)));
}

// What attention in fp32 reads of a sentence with S source positions.
struct FloatSource {
  MatrixView<const float> keys;    // [S, K]
  MatrixView<const float> hidden;  // [S, M] for mlp attention, else empty
  const float* score;              // v [M] for mlp attention
};

// probe [K], for mlp attention [M], is what the row looks for; shares [S] is scratch. Writes
// context [K] and returns the position of the greatest score.
template <class Block>
EDGEVAL_HD Index attention_row(Block block, const FloatSource& source, const float* probe,
                               float* shares, float* context) {
  const MatrixView<const float>&keys = source.keys, &hidden = source.hidden;
  for (Index s = 0; s < keys.rows; ++s) {
    const float score =
        hidden.data != nullptr
            ? static_cast<float>(block.template total<double>(
                  hidden.cols,
                  [&](Index m) { return mlp_term(source.score[m], probe[m], hidden(s, m)); }))
            : block.template total<float>(keys.cols,
                                          [&](Index k) { return probe[k] * keys(s, k); });
    block.once([&] { shares[s] = score; });
  }
  block.synchronize();
  const Index most = softmax_row(block, shares, keys.rows);
  block.for_each(keys.cols, [&](Index k) { context[k] = 0; });
  for (Index s = 0; s < keys.rows; ++s) {
    const float share = shares[s];
    const float* const key = keys.row(s);
    block.for_each(keys.cols, [&](Index k) { context[k] += share * key[k]; });
  }
  return most;
}

// What attention in integers reads of a sentence with S source positions.
struct FixedSource {
  MatrixView<const std::int32_t> keys;  // [S, K] codes
  MatrixView<const float> hidden;       // [S, M] for mlp attention, else empty
  const std::int32_t* score;            // v [M] for mlp attention
  int score_bits;                       // fraction bits of v
  int bits, x_bits;                     // width of a key, and its fraction bits
  double inverse;                       // 2^-x_bits
  ActivationTables activations;
  SoftmaxTables softmax;
};

struct FixedScratch {
  std::int64_t* shares;  // [S]
  std::int64_t* sums;    // [K]
  std::int32_t* codes;   // [K]
};

// Writes sum probe key of every position to scratch.shares and returns the fraction bits of these
// scores.
template <class Block>
EDGEVAL_HD int product_scores(Block block, const FixedSource& source, const float* probe,
                              const FixedScratch& scratch) {
  const MatrixView<const std::int32_t>& keys = source.keys;
  const float greatest = block.best(
      keys.cols, 0.0F, [&](Index k) { return absolute(probe[k]); },
      [](float a, float b) { return a > b; });
  const int probe_bits = finest_row_bits(greatest, source.bits);
  const double scale = power_of_two(probe_bits);
  std::int32_t* const codes = scratch.codes;
  block.for_each(keys.cols,
                 [&](Index k) { codes[k] = Grid::nearest(static_cast<double>(probe[k]) * scale); });
  for (Index s = 0; s < keys.rows; ++s) {
    const std::int32_t* const key = keys.row(s);
    const auto sum = block.template total<std::int64_t>(
        keys.cols, [&](Index k) { return static_cast<std::int64_t>(codes[k]) * key[k]; });
    block.once([&] { scratch.shares[s] = sum; });
  }
  return probe_bits + source.x_bits;
}

// Writes sum v tanh(probe + hidden) of every position to scratch.shares and returns the fraction
// bits of these scores.
template <class Block>
EDGEVAL_HD int mlp_scores(Block block, const FixedSource& source, const float* probe,
                          const FixedScratch& scratch) {
  const MatrixView<const float>& hidden = source.hidden;
  for (Index s = 0; s < hidden.rows; ++s) {
    const auto sum = block.template total<std::int64_t>(hidden.cols, [&](Index m) {
      return static_cast<std::int64_t>(source.score[m]) *
             mlp_tanh(source.activations, probe[m], hidden(s, m));
    });
    block.once([&] { scratch.shares[s] = sum; });
  }
  return source.score_bits + kUnitBits;
}

template <class Block>
EDGEVAL_HD Index attention_row(Block block, const FixedSource& source, const float* probe,
                               const FixedScratch& scratch, float* context) {
  const MatrixView<const std::int32_t>& keys = source.keys;
  const int fraction_bits = source.hidden.data != nullptr
                                ? mlp_scores(block, source, probe, scratch)
                                : product_scores(block, source, probe, scratch);
  block.synchronize();
  const FixedShares shares =
      softmax_row(block, source.softmax, scratch.shares, keys.rows, fraction_bits);
  std::int64_t* const sums = scratch.sums;
  block.for_each(keys.cols, [&](Index k) { sums[k] = 0; });
  for (Index s = 0; s < keys.rows; ++s) {
    const std::int64_t share = scratch.shares[s];
    const std::int32_t* const key = keys.row(s);
    block.for_each(keys.cols, [&](Index k) { sums[k] += share * key[k]; });
  }
  const Divisor divisor = Divisor::of(shares.sum);
  block.for_each(keys.cols, [&](Index k) {
    context[k] = static_cast<float>(static_cast<double>(rounded_quotient(sums[k], divisor)) *
                                    source.inverse);
  });
  return shares.most;
}

}  // namespace edgeval
