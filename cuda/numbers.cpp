#include "cuda/numbers.hpp"

#include "host/engine/layer_arithmetic.hpp"

namespace edgeval::gpu {
namespace {

// Every struct of numbers fits.
constexpr Index kMostBytes = 256;

}  // namespace

void LayerNumbers::reserve(const DeviceProducts& products, const LayerPolicy& policy,
                           cudaStream_t stream) {
  numbers_.reserve(kMostBytes, stream);
  if (!std::holds_alternative<Fp32>(policy.arithmetic)) {
    bias_.reserve(products.bias->size(), stream);
    tables(stream);
  }
  if (const auto tables = piecewise_tables(policy.nonlinearity)) {
    sigmoid_.reserve(tables->functions().sigmoid.count, stream);
    tanh_.reserve(tables->functions().tanh.count, stream);
  }
}

void LayerNumbers::upload(const DeviceProducts& products, const LayerPolicy& policy,
                          cudaStream_t stream) {
  std::visit(
      [&](const auto& arithmetic) {
        const auto numbers = plain(products, arithmetic, stream);
        if (const auto tables = piecewise_tables(policy.nonlinearity))
          upload_struct(
              PiecewiseNumbers<std::remove_const_t<decltype(numbers)>>{numbers,
                                                                       functions(*tables, stream)},
              stream);
        else
          upload_struct(numbers, stream);
      },
      policy.arithmetic);
}

FloatNumbers LayerNumbers::plain(const DeviceProducts& products, const Fp32&, cudaStream_t) {
  return {products.float_bias.data()};
}

template <int Bits>
auto LayerNumbers::plain(const DeviceProducts& products, const Integer<Bits>& choice,
                         cudaStream_t stream) {
  using Sum = std::conditional_t<Bits == 16, std::int64_t, std::int32_t>;
  const FixedScale scale = fixed_scale(products, Bits, static_cast<int>(choice.input_bits));
  FixedNumbers<Sum> numbers = scale.template numbers<Sum>(Integer<Bits>::kRecurrentBits);
  bias_.upload(scale.bias, stream);
  numbers.bias = bias_.data();
  numbers.offset = nullptr;  // read by selections between products, which no kernel makes
  numbers.tables = tables(stream);
  return numbers;
}

// The tables never change: one copy serves every layer.
ActivationTables LayerNumbers::tables(cudaStream_t stream) {
  if (table_sigmoid_.capacity() == 0 || table_tanh_.capacity() == 0) {
    table_sigmoid_.upload(activation_tables().sigmoid, kTableSegments, stream);
    table_tanh_.upload(activation_tables().tanh, kTableSegments, stream);
  }
  return {table_sigmoid_.data(), table_tanh_.data()};
}

PiecewiseFunctions LayerNumbers::functions(const PiecewiseTables& tables, cudaStream_t stream) {
  PiecewiseFunctions functions = tables.functions();
  const auto move = [&](PiecewiseView& view, DeviceBuffer<TablePiece>& memory) {
    memory.upload(view.pieces, view.count, stream);
    view.pieces = memory.data();
  };
  move(functions.sigmoid, sigmoid_);
  move(functions.tanh, tanh_);
  return functions;
}

template <class Numbers>
void LayerNumbers::upload_struct(const Numbers& numbers, cudaStream_t stream) {
  static_assert(std::is_trivially_copyable_v<Numbers> && sizeof(Numbers) <= kMostBytes);
  numbers_.upload(reinterpret_cast<const std::byte*>(&numbers), sizeof numbers, stream);
}

}  // namespace edgeval::gpu
