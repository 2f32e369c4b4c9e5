// Describes each arithmetic to the kernels: how a rule sees values, where an operand is written,
// how sums are read, and in which numbers the cells compute. with_rule and with_numbers choose a
// kernel's template arguments for a layer's policy.
#pragma once

#include "cuda/device/four.hpp"
#include "cuda/kernel/step_numbers.hpp"
#include "host/body/numbers.hpp"
#include "host/core/error.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/technique/eight_bit_codes.hpp"
#include "host/technique/on_grid.hpp"
#include "host/technique/reuse_levels.hpp"

namespace edgeval::gpu {

// Returns a choice's rule as the kernels have it. The levels of reuse are still missing;
// OperandRule adds them.
template <class Choice>
auto device_rule(const Choice& choice) {
  return choice.rule();
}
inline LevelReuse device_rule(const Reuse&) { return {}; }

struct FloatFormat {
  using Numbers = FloatNumbers;
  using StepNumbers = FloatStepNumbers;

  template <class Technique>
  static auto rule(const Fp32&, const Technique& operand, int) {
    return device_rule(operand);
  }
  template <class Rule>
  static __device__ float* operand(const Rule&, Source, OperandRows rows, Index row, Index column) {
    return after_operand(rows, row) + column;
  }
  // Returns a row of the operand of a product that follows within a step. Its elements lie in
  // (-1, 1).
  static __device__ float* after_operand(OperandRows rows, Index row) {
    return rows.data.as<float>() + row * rows.stride;
  }
  static __device__ const float* sums(SumRows rows, Index row, Index) {
    return rows.data.as<float>() + row * rows.stride;
  }
};

template <int Bits>
struct FixedFormat {
  static constexpr int kDigits = Bits == 16 ? 2 : 1;
  using Numbers = FixedNumbers<std::conditional_t<Bits == 16, std::int64_t, std::int32_t>>;
  using StepNumbers = std::conditional_t<Bits == 16, WordStepNumbers, ByteStepNumbers>;

  template <class Technique>
  static auto rule(const Integer<Bits>& choice, const Technique& operand, int h_bits) {
    const Grid x = Grid::of(static_cast<int>(choice.input_bits), Bits), h = Grid::of(h_bits, Bits);
    const auto rule = device_rule(on_grids(operand, x, h));
    return OnGrid<std::remove_const_t<decltype(rule)>>{rule, x, h};
  }
  template <class Rule>
  static __device__ DigitTarget<kDigits> operand(const Rule& rule, Source source, OperandRows rows,
                                                 Index row, Index column) {
    return {rows.data.as<std::int8_t>() + row * kDigits * rows.stride + column, rows.stride,
            rule.grid(source).scale};
  }
  static __device__ DigitTarget<kDigits> after_operand(OperandRows rows, Index row) {
    return {rows.data.as<std::int8_t>() + row * kDigits * rows.stride, rows.stride,
            static_cast<float>(1 << (Bits - 1))};
  }
  static __device__ auto sums(SumRows rows, Index row, Index outputs) {
    const std::int32_t* first = rows.data.as<std::int32_t>() + row * kDigits * rows.stride;
    if constexpr (Bits == 16)
      return DigitSums{first, first + rows.stride, outputs};
    else
      return first;
  }
};

// fp32 under dynamic precision: the products' elements are integers of 8 bits.
struct QuantizedFormat {
  using Numbers = QuantizedNumbers;

  static EightBitCodes rule(const DynamicPrecision& choice) {
    return EightBitCodes::of(eight_bit_step(choice, Source::kInput),
                             eight_bit_step(choice, Source::kRecurrent));
  }
  static __device__ DigitTarget<1> operand(const EightBitCodes&, Source, OperandRows rows,
                                           Index row, Index column) {
    return {rows.data.as<std::int8_t>() + row * rows.stride + column, rows.stride, 1};
  }
  static __device__ const std::int32_t* sums(SumRows rows, Index row, Index) {
    return rows.data.as<std::int32_t>() + row * rows.stride;
  }
};

inline FloatFormat format_of(const Fp32&) { return {}; }
template <int Bits>
FixedFormat<Bits> format_of(const Integer<Bits>&) {
  return {};
}

// Calls launch(format, rule) with the operand's rule as the arithmetic sees values. h_bits:
// fraction bits of h in integers.
template <class Launch>
void with_rule(const LayerPolicy& policy, int h_bits, const Launch& launch) {
  if (const DynamicPrecision* operand = eight_bits_of_floats(policy)) {
    launch(QuantizedFormat{}, QuantizedFormat::rule(*operand));
    return;
  }
  std::visit(
      [&]<class Choice, class Technique>(const Choice& arithmetic, const Technique& operand) {
        if constexpr (acts_under<Technique, Choice>()) {
          using Format = decltype(format_of(arithmetic));
          launch(Format{}, Format::rule(arithmetic, operand, h_bits));
        } else {
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        }
      },
      policy.arithmetic, policy.operand);
}

// Does the same for launches that need only the types: their kernels read the rule's values from
// device memory (OperandRule).
template <class Launch>
void with_rule(const LayerPolicy& policy, const Launch& launch) {
  const int bits = std::visit([](const auto& choice) { return choice.kBits; }, policy.arithmetic);
  with_rule(policy, bits - 1, launch);
}

template <class... T>
struct Types {};

// Calls launch(Types<Format, Numbers>) with the numbers that the nonlinearity needs.
template <class Format, class Launch>
void with_numbers_of(const LayerPolicy& policy, const Launch& launch) {
  using Numbers = typename Format::Numbers;
  if (std::holds_alternative<Exact>(policy.nonlinearity))
    launch(Types<Format, Numbers>{});
  else
    launch(Types<Format, PiecewiseNumbers<Numbers>>{});
}

// Does the same for the kernel of a step of plain LSTM cells.
template <class Format, class Launch>
void with_step_numbers(const LayerPolicy& policy, const Launch& launch) {
  using Numbers = typename Format::StepNumbers;
  if (std::holds_alternative<Exact>(policy.nonlinearity))
    launch(Types<Format, Numbers>{});
  else
    launch(Types<Format, PiecewiseNumbers<Numbers>>{});
}

// Calls launch with the format of the policy's arithmetic and the numbers that the nonlinearity
// needs.
template <class Launch>
void with_numbers(const LayerPolicy& policy, const Launch& launch) {
  std::visit(
      [&](const auto& arithmetic) {
        with_numbers_of<decltype(format_of(arithmetic))>(policy, launch);
      },
      policy.arithmetic);
}

}  // namespace edgeval::gpu
