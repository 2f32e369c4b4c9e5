#include "cuda/sequence/numbers.hpp"

#include "cuda/kernel/lstm_product.hpp"
#include "cuda/kernel/step_numbers.hpp"
#include "host/engine/product/layer_arithmetic.hpp"

namespace edgeval::gpu {
namespace {

// Every struct of numbers fits into so many bytes.
constexpr Index kMostBytes = 256;

}  // namespace

StepForm step_form(const DeviceProducts& products, const LayerPolicy& policy, StepForm most) {
  if (most == StepForm::kSeparate) return most;
  return std::visit(
      [&]<class Choice>(const Choice& choice) {
        if constexpr (std::is_same_v<Choice, Fp32>) {
          return StepForm::kCells;
        } else {
          const FixedConstants constants =
              FixedConstants::of(products, Choice::kBits, static_cast<int>(choice.input_bits),
                                 products.recurrent_bits);
          if (!sums_fit(products, constants, Choice::kBits)) return StepForm::kSeparate;
          const bool whole =
              most == StepForm::kWhole &&
              can_multiply_in_step(policy, products.input.inputs(), products.recurrent->inputs(),
                                   constants.scale.up_x, constants.scale.up_h);
          return whole ? StepForm::kWhole : StepForm::kCells;
        }
      },
      policy.arithmetic);
}

void LayerNumbers::reserve(const DeviceProducts& products, const LayerPolicy& policy,
                           cudaStream_t stream) {
  numbers_.reserve_discarding(kMostBytes, stream);
  offset_.reserve_discarding(products.bias->size(), stream);
  if (!std::holds_alternative<Fp32>(policy.arithmetic)) {
    bias_.reserve_discarding(products.bias->size(), stream);
    narrow_bias_.reserve_discarding(products.bias->size(), stream);
    if (const CellConstants* constants = products.constants) {
      recurrent_bias_.reserve_discarding(constants->recurrent_bias.size(), stream);
      diagonal_.reserve_discarding(constants->diagonal.size(), stream);
      if (constants->projects)
        projection_offset_.reserve_discarding(products.after->outputs(), stream);
    }
    table_sigmoid_.reserve_discarding(kTableSegments, stream);
    table_tanh_.reserve_discarding(kTableSegments, stream);
    pairs_.reserve_discarding(kActivationPairs, stream);
  }
  if (const auto tables = piecewise_tables(policy.nonlinearity)) {
    sigmoid_.reserve_discarding(tables->functions().sigmoid.count, stream);
    tanh_.reserve_discarding(tables->functions().tanh.count, stream);
  }
}

void LayerNumbers::upload(const DeviceProducts& products, const LayerPolicy& policy, StepForm form,
                          const Stream& stream) {
  if (const DynamicPrecision* operand = eight_bits_of_floats(policy)) {
    upload(quantized(products, *operand, stream), policy.nonlinearity, stream);
    return;
  }
  std::visit(
      [&](const auto& arithmetic) {
        const auto numbers = plain(products, arithmetic, stream);
        if (form != StepForm::kSeparate)
          upload(step_numbers(numbers, pairs_.data(), narrow_bias_.data()), policy.nonlinearity,
                 stream);
        else
          upload(numbers, policy.nonlinearity, stream);
      },
      policy.arithmetic);
}

template <class Numbers>
void LayerNumbers::upload(const Numbers& numbers, const Nonlinearity& nonlinearity,
                          const Stream& stream) {
  if (const auto tables = piecewise_tables(nonlinearity))
    upload_struct(PiecewiseNumbers<Numbers>{numbers, functions(*tables, stream)}, stream);
  else
    upload_struct(numbers, stream);
}

FloatNumbers LayerNumbers::plain(const DeviceProducts& products, const Fp32&, const Stream&) {
  return {products.float_bias.data(), products.float_recurrent_bias.data(),
          products.float_diagonal.data()};
}

template <int Bits>
auto LayerNumbers::plain(const DeviceProducts& products, const Integer<Bits>& choice,
                         const Stream& stream) {
  using Sum = std::conditional_t<Bits == 16, std::int64_t, std::int32_t>;
  const FixedConstants constants = FixedConstants::of(
      products, Bits, static_cast<int>(choice.input_bits), products.recurrent_bits);
  FixedNumbers<Sum> numbers = constants.template numbers<Sum>(Bits);
  const auto move = [&](auto& pointer, const auto* values, Index count, auto& memory) {
    memory.upload(values, count, stream);
    pointer = memory.data();
  };
  const auto size = [](const auto& values) { return static_cast<Index>(values.size()); };
  move(numbers.bias, constants.scale.bias.data(), size(constants.scale.bias), bias_);
  narrow_.assign(constants.scale.bias.begin(), constants.scale.bias.end());
  narrow_bias_.upload(narrow_, stream);
  move(numbers.offset, constants.scale.offset.data(), size(constants.scale.offset), offset_);
  move(numbers.recurrent_bias, constants.recurrent_bias.data(), size(constants.recurrent_bias),
       recurrent_bias_);
  move(numbers.diagonal, constants.diagonal.data(), size(constants.diagonal), diagonal_);
  move(numbers.projection_offset, constants.projection_offset.data(),
       size(constants.projection_offset), projection_offset_);
  numbers.tables = tables(stream);
  return numbers;
}

QuantizedNumbers LayerNumbers::quantized(const DeviceProducts& products,
                                         const DynamicPrecision& choice, const Stream& stream) {
  const std::vector<std::int64_t>& none = products.input.offsets();  // all 0, of signed bytes
  offset_.upload(none, stream);
  return {plain(products, Fp32{}, stream), offset_.data(), offset_.data(),
          nearest_float(eight_bit_step(choice, Source::kInput) * products.input_step),
          nearest_float(eight_bit_step(choice, Source::kRecurrent) * products.recurrent_step)};
}

// Returns the tables, which never change and so are uploaded only once.
ActivationTables LayerNumbers::tables(const Stream& stream) {
  if (!has_tables_) {
    static const auto pairs = activation_pairs();
    table_sigmoid_.upload(activation_tables().sigmoid, kTableSegments, stream);
    table_tanh_.upload(activation_tables().tanh, kTableSegments, stream);
    pairs_.upload(pairs.data(), kActivationPairs, stream);
    has_tables_ = true;
  }
  return {table_sigmoid_.data(), table_tanh_.data()};
}

PiecewiseFunctions LayerNumbers::functions(const PiecewiseTables& tables, const Stream& stream) {
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
void LayerNumbers::upload_struct(const Numbers& numbers, const Stream& stream) {
  static_assert(std::is_trivially_copyable_v<Numbers> && sizeof(Numbers) <= kMostBytes);
  numbers_.upload(std::as_bytes(std::span(&numbers, 1)), stream);
}

}  // namespace edgeval::gpu
