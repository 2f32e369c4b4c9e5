#include "host/engine/translate/source_attention.hpp"

#include "host/body/attention.hpp"
#include "host/core/error.hpp"
#include "host/engine/product/fixed_product.hpp"

namespace edgeval {
namespace {

// Returns W_context h(s) of a sentence; an empty view where the attention is not mlp.
MatrixView<const float> hidden_of(const DecoderMemory& memory, Index sentence) {
  return memory.hidden.values.size() == 0 ? MatrixView<const float>{}
                                          : memory.hidden.sequence(sentence);
}

class FloatAttention final : public SourceAttention {
 public:
  explicit FloatAttention(const Attention& attention) : score_(attention.score.clone()) {}
  void remember(DecoderMemory&) const override {}

  Index attend(const DecoderMemory& memory, Index sentence, const float* probe,
               float* context) const override {
    thread_local std::vector<float> shares;
    const MatrixView<const float> keys = memory.keys.sequence(sentence);
    shares.resize(static_cast<std::size_t>(keys.rows));
    return attention_row(SerialBlock{},
                         FloatSource{keys, hidden_of(memory, sentence), score_.data()}, probe,
                         shares.data(), context);
  }

 private:
  const Matrix<float> score_;  // v of mlp attention
};

class FixedAttention final : public SourceAttention {
 public:
  // x_bits: fraction bits of the input of linear_out.
  FixedAttention(const Attention& attention, int bits, int x_bits)
      : bits_(bits), x_bits_(x_bits), grid_(Grid::of(x_bits, bits)) {
    if (attention.type == Attention::Type::kMlp)
      score_ = FixedWeights::of(attention.score.view(), bits);
  }

  void remember(DecoderMemory& memory) const override {
    memory.codes = Ragged<std::int32_t>(memory.keys.lengths(), memory.keys.cols());
    for (Index i = 0; i < memory.keys.values.size(); ++i) {
      float& key = memory.keys.values.data()[i];
      key = grid_.snap(key);
      memory.codes.values.data()[i] = grid_.code(key);
    }
  }

  Index attend(const DecoderMemory& memory, Index sentence, const float* probe,
               float* context) const override {
    thread_local std::vector<std::int64_t> shares, sums;
    thread_local std::vector<std::int32_t> codes;
    const MatrixView<const std::int32_t> keys = memory.codes.sequence(sentence);
    shares.resize(static_cast<std::size_t>(keys.rows));
    sums.resize(static_cast<std::size_t>(keys.cols));
    codes.resize(static_cast<std::size_t>(keys.cols));
    const FixedSource source{keys,
                             hidden_of(memory, sentence),
                             score_.codes.data(),
                             score_.fraction_bits,
                             bits_,
                             x_bits_,
                             grid_.inverse,
                             activation_tables(),
                             softmax_tables()};
    return attention_row(SerialBlock{}, source, probe,
                         FixedScratch{shares.data(), sums.data(), codes.data()}, context);
  }

 private:
  const int bits_, x_bits_;
  const Grid grid_;
  FixedWeights score_;  // v of mlp attention
};

}  // namespace

void expect_attendable(const Arithmetic& arithmetic, Index positions) {
  constexpr Index kMostPositions = 65536;  // sums of weights times keys stay below 2^61
  EDGEVAL_EXPECTS(std::holds_alternative<Fp32>(arithmetic) || positions <= kMostPositions,
                  "a sentence of ", positions,
                  " positions is too long for attention in integers, which takes ", kMostPositions);
}

std::unique_ptr<SourceAttention> make_source_attention(const Attention& attention,
                                                       const Arithmetic& arithmetic) {
  return std::visit(
      [&](const auto& choice) -> std::unique_ptr<SourceAttention> {
        if constexpr (requires { choice.input_bits; })
          return std::make_unique<FixedAttention>(attention, choice.kBits,
                                                  static_cast<int>(choice.input_bits));
        else
          return std::make_unique<FloatAttention>(attention);
      },
      arithmetic);
}

}  // namespace edgeval
