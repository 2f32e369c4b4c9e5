// What kernels make of an arithmetic: how a rule sees values, where an operand is written, how sums
// are read, which numbers the cells compute in. with_rule and with_cell choose a kernel's template
// arguments for a layer's policy.
#pragma once

#include "cuda/digits.hpp"
#include "host/engine/body/numbers.hpp"
#include "host/engine/engine.hpp"
#include "host/technique/on_grid.hpp"

namespace edgeval::gpu {

struct FloatFormat {
  using Numbers = FloatNumbers;

  template <class Rule>
  static Rule rule(const Fp32&, const Rule& plain) {
    return plain;
  }
  template <class Rule>
  static __device__ float* operand(const Rule&, Source, OperandRows rows, Index row, Index column) {
    return reinterpret_cast<float*>(rows.data) + row * rows.stride + column;
  }
  static __device__ const float* sums(SumRows rows, Index row, Index) {
    return reinterpret_cast<const float*>(rows.data) + row * rows.stride;
  }
};

template <int Bits>
struct FixedFormat {
  static constexpr int kDigits = Bits == 16 ? 2 : 1;
  using Numbers = FixedNumbers<std::conditional_t<Bits == 16, std::int64_t, std::int32_t>>;

  template <class Rule>
  static OnGrid<Rule> rule(const Integer<Bits>& choice, const Rule& plain) {
    return rule_on_grid(plain, Bits, static_cast<int>(choice.input_bits));
  }
  template <class Rule>
  static __device__ DigitTarget<kDigits> operand(const Rule& rule, Source source, OperandRows rows,
                                                 Index row, Index column) {
    return {reinterpret_cast<std::int8_t*>(rows.data) + row * kDigits * rows.stride + column,
            rows.stride, static_cast<float>(rule.grid(source).scale)};
  }
  static __device__ auto sums(SumRows rows, Index row, Index outputs) {
    const auto* first =
        reinterpret_cast<const std::int32_t*>(rows.data) + row * kDigits * rows.stride;
    if constexpr (Bits == 16)
      return DigitSums{first, first + rows.stride, outputs};
    else
      return first;
  }
};

inline FloatFormat format_of(const Fp32&) { return {}; }
template <int Bits>
FixedFormat<Bits> format_of(const Integer<Bits>&) {
  return {};
}

// launch(format, rule): the operand's rule as the arithmetic sees values.
template <class Launch>
void with_rule(const LayerPolicy& policy, const Launch& launch) {
  std::visit(
      [&](const auto& arithmetic, const auto& operand) {
        using Format = decltype(format_of(arithmetic));
        launch(Format{}, Format::rule(arithmetic, operand.rule()));
      },
      policy.arithmetic, policy.operand);
}

template <class... T>
struct Types {};

// launch(Types<Format, Numbers, Rule>): the same for a step of the cells, in the numbers that the
// nonlinearity asks for.
template <class Launch>
void with_cell(const LayerPolicy& policy, const Launch& launch) {
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    using Numbers = typename Format::Numbers;
    if (std::holds_alternative<Exact>(policy.nonlinearity))
      launch(Types<Format, Numbers, Rule>{});
    else
      launch(Types<Format, PiecewiseNumbers<Numbers>, Rule>{});
  });
}

}  // namespace edgeval::gpu
