// What the kernels of a step of plain LSTM cells share: four cells with the operand of their h, and
// the tables of sigmoid and tanh in shared memory.
#pragma once

#include "cuda/kernel/format.cuh"
#include "cuda/kernel/operand_four.cuh"

namespace edgeval::gpu {

// Runs the cells j to j + 3. z(gate) returns their pre-activations.
template <class Numbers, class Functions, class Rule, class Rows, class Access, class Z>
__device__ __forceinline__ void four_cells(Access access, const Numbers& numbers,
                                           const Functions& functions, const Rule& rule,
                                           const Rows& rows, const Z& z, int j,
                                           OperandCounts& counts) {
  using State = typename Numbers::State;
  const Four<State> z_i = z(0), z_f = z(1), z_g = z(2), z_o = z(3);
  Four<State> c = access.load(rows.c + j);
  Four<float> h;
  EDGEVAL_UNROLL
  for (int i = 0; i < kFour; ++i) {
    const auto next = numbers.lstm(functions, z_i[i], z_f[i], z_g[i], z_o[i], c[i]);
    c[i] = next.c;
    h[i] = next.h;
  }
  access.store(rows.c + j, c);
  access.store(rows.h + j, h);
  access.store(rows.output + j, h);
  // h is on its grid already. Where it enters as it is, the product reads it from its own memory.
  auto remembered = load_states(access, rule, rows.state + j);
  if constexpr (Rule::kIdentity)
    count_zeros(access, h, counts);
  else
    four_operands(access, rule, Source::kRecurrent, h, remembered, from(rows.operand, j), counts);
  store_states(access, rule, rows.state + j, remembered);
}

// Whether the cells' functions are tables, of which a block keeps a copy. Otherwise they are the
// numbers' own.
template <class Numbers>
constexpr bool kHasTables =
    std::is_same_v<Numbers, ByteStepNumbers> || std::is_same_v<Numbers, WordStepNumbers>;

template <int kCount>
struct alignas(16) Pairs {
  ActivationPair at[kCount];
};

// Copies both tables to `copy` in shared memory. All threads of the block must call it.
__device__ inline ActivationPairs copy_tables(const ActivationPair* pairs, ActivationPair* copy) {
  EDGEVAL_ROLLED
  for (int i = 2 * threadIdx.x; i < kActivationPairs; i += 2 * blockDim.x)
    together<Pairs<2>>(copy + i) = together<const Pairs<2>>(pairs + i);
  CudaBlock{}.synchronize();
  return {copy, copy + kSigmoidPairs};
}

}  // namespace edgeval::gpu
