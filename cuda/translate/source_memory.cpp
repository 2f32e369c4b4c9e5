#include "cuda/translate/source_memory.hpp"

#include "cuda/device/gemm.hpp"

namespace edgeval::gpu {

void SourceMemory::upload(MatrixView<const float> keys, const Lanes& sentences,
                          const Attention& attention, const Arithmetic& arithmetic,
                          BulkCopies& copies, const Stream& stream) {
  expect_attendable(arithmetic, sentences.longest);
  keys_.resize_discarding(Product::padded(keys.rows), keys.cols,
                          stream);  // padded, since a product reads them, too
  zeros_.reserve_discarding(sentences.count, stream);
  zeros_.zero(sentences.count, stream);
  mlp_ = attention.type == Attention::Type::kMlp;
  if (mlp_) {
    hidden_.resize_discarding(Product::padded(keys.rows), attention.hidden, stream);
    score_.upload(attention.score.data(), attention.score.size(), stream);
  }
  FixedWeights score;
  Grid grid{};
  std::visit(
      [&](const auto& choice) {
        if constexpr (requires { choice.input_bits; }) {
          integers_ = true;
          bits_ = choice.kBits;
          x_bits_ = static_cast<int>(choice.input_bits);
          grid = Grid::of(x_bits_, bits_);
          codes_.resize_discarding(keys.rows, keys.cols, stream);
          if (!mlp_) return;
          score = FixedWeights::of(attention.score.view(), bits_);
          score_bits_ = score.fraction_bits;
          score_codes_.upload(score.codes.data(), score.codes.size(), stream);
        } else {
          integers_ = false;
        }
      },
      arithmetic);
  copies.upload(keys, keys_.view().leading(keys.rows), stream);
  launch_keys(arithmetic,
              {.keys = keys_.view(),
               .codes = codes_.view(),
               .lanes = sentences,
               .grid = grid,
               .zeros = zeros_.data()},
              stream);
  softmax_.upload(stream);
  sigmoid_.upload(activation_tables().sigmoid, kTableSegments, stream);
  tanh_.upload(activation_tables().tanh, kTableSegments, stream);
}

std::vector<unsigned long long> SourceMemory::zeros(Index sentences, const Stream& stream) const {
  std::vector<unsigned long long> zeros(static_cast<std::size_t>(sentences));
  const Settle settle;
  zeros_.download(zeros.data(), sentences, stream);
  stream.synchronize();
  return zeros;
}

SourceView SourceMemory::view() const {
  return {.keys = keys_.view(),
          .codes = integers_ ? codes_.view() : DeviceView<std::int16_t>{},
          .hidden = mlp_ ? hidden_.view() : DeviceView<float>{},
          .score = score_.data(),
          .score_codes = score_codes_.data(),
          .score_bits = score_bits_,
          .bits = bits_,
          .x_bits = x_bits_,
          .softmax = softmax_.view(),
          .activations = {sigmoid_.data(), tanh_.data()}};
}

}  // namespace edgeval::gpu
