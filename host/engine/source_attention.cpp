#include "host/engine/source_attention.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/engine/fixed_product.hpp"
#include "host/engine/softmax.hpp"
#include "host/numeric/activation_table.hpp"
#include "host/numeric/nonlinear.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval {
namespace {

// Sixteen partial sums, so that it vectorises and still adds in one order.
float dot(const float* a, const float* b, Index width) {
  constexpr Index kParts = 16;
  float parts[kParts] = {};
  Index i = 0;
  for (; i + kParts <= width; i += kParts)
    for (Index p = 0; p < kParts; ++p) parts[p] += a[i + p] * b[i + p];
  for (Index p = 0; i < width; ++i, ++p) parts[p] += a[i] * b[i];
  float sum = 0;
  for (float part : parts) sum += part;
  return sum;
}

class FloatAttention final : public SourceAttention {
 public:
  explicit FloatAttention(const Attention& attention) : attention_(attention) {}
  void remember(DecoderMemory&) const override {}

  Index attend(const DecoderMemory& memory, Index sentence, const float* probe, float* context) const override {
    thread_local std::vector<float> weights;
    const MatrixView<const float> keys = memory.keys.sequence(sentence);
    weights.resize(static_cast<std::size_t>(keys.rows));
    for (Index s = 0; s < keys.rows; ++s)
      weights[static_cast<std::size_t>(s)] = attention_.type == Attention::Type::kMlp
                                                 ? through_hidden(probe, memory.hidden.sequence(sentence).row(s))
                                                 : dot(probe, keys.row(s), keys.cols);
    const Index best = softmax(weights.data(), keys.rows);
    std::fill_n(context, keys.cols, 0.0F);
    for (Index s = 0; s < keys.rows; ++s) {
      const float weight = weights[static_cast<std::size_t>(s)];
      for (Index k = 0; k < keys.cols; ++k) context[k] += weight * keys(s, k);
    }
    return best;
  }

 private:
  float through_hidden(const float* probe, const float* hidden) const {
    double sum = 0;
    for (Index m = 0; m < attention_.hidden; ++m)
      sum += static_cast<double>(attention_.score(0, m)) * static_cast<double>(hyperbolic_tangent(probe[m] + hidden[m]));
    return static_cast<float>(sum);
  }

  const Attention& attention_;
};

class FixedAttention final : public SourceAttention {
 public:
  // x_bits: fraction bits of the input of what follows.
  FixedAttention(const Attention& attention, int bits, int x_bits)
      : attention_(attention), bits_(bits), x_bits_(x_bits), grid_(Grid::of(x_bits, bits)) {
    if (attention.type == Attention::Type::kMlp) score_ = FixedWeights::of(attention.score.view(), bits);
  }

  void remember(DecoderMemory& memory) const override {
    constexpr Index kMostPositions = 65536;  // sums of weights times keys stay below 2^61
    memory.codes = Ragged<std::int32_t>(memory.keys.lengths(), memory.keys.cols());
    for (Index n = 0; n < memory.keys.sequences(); ++n)
      EDGEVAL_EXPECTS(memory.keys.length(n) <= kMostPositions, "a sentence of ", memory.keys.length(n),
                      " positions is too long for attention in integers, which takes ", kMostPositions);
    for (Index i = 0; i < memory.keys.values.size(); ++i) {
      float& key = memory.keys.values.data()[i];
      key = grid_.snap(key);
      memory.codes.values.data()[i] = grid_.code(key);
    }
  }

  Index attend(const DecoderMemory& memory, Index sentence, const float* probe, float* context) const override {
    thread_local std::vector<std::int64_t> scores, sums;
    thread_local FixedShares shares;
    const MatrixView<const std::int32_t> keys = memory.codes.sequence(sentence);
    scores.resize(static_cast<std::size_t>(keys.rows));
    const int fraction_bits = attention_.type == Attention::Type::kMlp ? score_mlp(memory, sentence, probe, scores)
                                                                       : score_products(keys, probe, scores);
    const Index best = softmax(scores, fraction_bits, shares);
    sums.assign(static_cast<std::size_t>(keys.cols), 0);
    for (Index s = 0; s < keys.rows; ++s) {
      const std::int64_t weight = shares.weights[static_cast<std::size_t>(s)];
      const std::int32_t* const key = keys.row(s);
      for (Index k = 0; k < keys.cols; ++k) sums[static_cast<std::size_t>(k)] += weight * key[k];
    }
    for (Index k = 0; k < keys.cols; ++k)
      context[k] = static_cast<float>(
          static_cast<double>(rounded_quotient(sums[static_cast<std::size_t>(k)], shares.sum)) * grid_.inverse);
    return best;
  }

 private:
  // Both return the fraction bits of the scores.
  int score_products(MatrixView<const std::int32_t> keys, const float* probe, std::vector<std::int64_t>& scores) const {
    thread_local std::vector<std::int32_t> codes;
    codes.resize(static_cast<std::size_t>(keys.cols));
    float greatest = 0;
    for (Index k = 0; k < keys.cols; ++k) greatest = std::max(greatest, absolute(probe[k]));
    const int probe_bits = finest_row_bits(greatest, bits_);
    const double scale = power_of_two(probe_bits);
    for (Index k = 0; k < keys.cols; ++k)
      codes[static_cast<std::size_t>(k)] = Grid::nearest(static_cast<double>(probe[k]) * scale);
    for (Index s = 0; s < keys.rows; ++s) {
      std::int64_t sum = 0;
      for (Index k = 0; k < keys.cols; ++k)
        sum += static_cast<std::int64_t>(codes[static_cast<std::size_t>(k)]) * keys(s, k);
      scores[static_cast<std::size_t>(s)] = sum;
    }
    return probe_bits + x_bits_;
  }

  int score_mlp(const DecoderMemory& memory, Index sentence, const float* probe, std::vector<std::int64_t>& scores) const {
    const ActivationTables& tables = activation_tables();
    const MatrixView<const float> hidden = memory.hidden.sequence(sentence);
    for (Index s = 0; s < hidden.rows; ++s) {
      std::int64_t sum = 0;
      for (Index m = 0; m < hidden.cols; ++m) {
        const double z = (static_cast<double>(probe[m]) + static_cast<double>(hidden(s, m))) * (1 << kStateBits);
        sum += static_cast<std::int64_t>(score_.codes(0, m)) * table_tanh(tables, Grid::nearest(clamp(z, -0x1p31 + 1, 0x1p31 - 1)));
      }
      scores[static_cast<std::size_t>(s)] = sum;
    }
    return score_.fraction_bits + kUnitBits;
  }

  const Attention& attention_;
  const int bits_, x_bits_;
  const Grid grid_;
  FixedWeights score_;  // of mlp
};

}  // namespace

std::unique_ptr<SourceAttention> make_source_attention(const Attention& attention, const Arithmetic& arithmetic) {
  return std::visit(
      [&](const auto& choice) -> std::unique_ptr<SourceAttention> {
        if constexpr (requires { choice.input_bits; })
          return std::make_unique<FixedAttention>(attention, choice.kBits, static_cast<int>(choice.input_bits));
        else
          return std::make_unique<FloatAttention>(attention);
      },
      arithmetic);
}

}  // namespace edgeval
