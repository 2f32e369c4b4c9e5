// How a thread of the kernels brings four neighbouring elements through a rule into a product, and
// how the counts of threads are added: by one sum over a warp.
#pragma once

#include "cuda/device/block.cuh"
#include "cuda/device/four.hpp"
#include "cuda/kernel/lanes.hpp"
#include "host/body/operand.hpp"
#include "host/technique/on_grid.hpp"

namespace edgeval::gpu {

// A rule that remembers nothing finds no element unchanged.
template <class Rule>
inline constexpr bool kChangesAlways = std::is_empty_v<typename Rule::State>;

// A rule without parameters of its own is the same for all lanes of a launch, whose arithmetic is
// one.
template <class Rule>
inline constexpr bool kOneForAll = std::is_empty_v<Rule>;
template <class Rule>
inline constexpr bool kOneForAll<OnGrid<Rule>> = std::is_empty_v<Rule>;

// Load and store what the rule remembers of four elements, if anything.
template <class Access, class Rule>
__device__ __forceinline__ auto load_states(Access access, const Rule&,
                                            const typename Rule::State* state) {
  if constexpr (kChangesAlways<Rule>)
    return Four<typename Rule::State>{};
  else
    return access.load(state);
}
template <class Access, class Rule>
__device__ __forceinline__ void store_states(Access access, const Rule&,
                                             typename Rule::State* state,
                                             const Four<typename Rule::State>& states) {
  if constexpr (!kChangesAlways<Rule>) access.store(state, states);
}

// Returns four values as the rule sees them.
template <class Access, class Rule>
__device__ __forceinline__ Four<float> four_seen(Access access, const Rule& rule, Source source,
                                                 const float* value) {
  Four<float> seen = access.load(value);
  EDGEVAL_UNROLL
  for (int e = 0; e < kFour; ++e) seen[e] = rule.seen(seen[e], source);
  return seen;
}

template <class Access>
__device__ __forceinline__ void count_zeros(Access access, const Four<float>& seen,
                                            OperandCounts& counts) {
  EDGEVAL_UNROLL
  for (int e = 0; e < kFour; ++e) counts.zero += access.has(e) && seen[e] == 0 ? 1 : 0;
}

// Turns four elements, as the rule sees them, into operands, which it writes from `target` on.
// Where elements enter as they are, `target` may be the memory that they were read from.
template <class Access, class Rule, class Target>
__device__ __forceinline__ void four_operands(Access access, const Rule& rule, Source source,
                                              const Four<float>& seen,
                                              Four<typename Rule::State>& states,
                                              const Target& target, OperandCounts& counts) {
  count_zeros(access, seen, counts);
  Four<float> values = seen;
  if constexpr (!Rule::kIdentity) {
    EDGEVAL_UNROLL
    for (int e = 0; e < kFour; ++e) {
      const Operand now = rule.next(seen[e], source, states[e]);
      values[e] = now.value;
      if (!kChangesAlways<Rule>) counts.changed += access.has(e) ? now.changed : 0;
    }
  }
  store_operands(access, target, values);
}

// Returns the shift for which 2^shift threads of a lane, a warp at most, leave the fewest idle in
// their last trip along a row. Each thread works on four columns at a time.
inline int fewest_idle_shift(Index width, int least) {
  const Index fours = (width + kFour - 1) / kFour;
  const auto padded = [&](int shift) { return (((fours - 1) >> shift) + 1) << shift; };
  int shift = 5;
  for (int fewer = shift - 1; fewer >= least; --fewer)
    if (padded(fewer) < padded(shift)) shift = fewer;
  return shift;
}

// Returns the sum of `mine` over the threads that share a lane, or over one warp of them. All
// threads of the warp must call it. threads: how many share a lane, a power of two.
__device__ __forceinline__ int sum_of_lane(int mine, int threads) {
  constexpr unsigned kAll = 0xFFFFFFFFU;
  if (threads >= kWarp) return __reduce_add_sync(kAll, mine);
  for (int apart = threads / 2; apart > 0; apart /= 2) mine += __shfl_xor_sync(kAll, mine, apart);
  return mine;
}

// Adds to a lane's totals what the threads of each warp, or of a part of one, have counted. All
// threads of a warp must call it. lane() returns the thread's lane and is called only if
// `counting`. all: the number of elements that the thread adds where each one causes work and none
// was counted.
template <class Rule, class Lane>
__device__ __forceinline__ void add_counts(const OperandTotals& totals, bool counting, Lane lane,
                                           const OperandCounts& counts, int threads, int all) {
  const int zero = sum_of_lane(counts.zero, threads);
  int changed = all;
  if constexpr (!kChangesAlways<Rule>) changed = sum_of_lane(counts.changed, threads);
  const int part = threads < kWarp ? threads : kWarp;
  if (!counting || (threadIdx.x & (part - 1)) != 0) return;
  if (zero != 0) atomicAdd(totals.zero + lane(), static_cast<unsigned long long>(zero));
  if (changed != 0) atomicAdd(totals.changed + lane(), static_cast<unsigned long long>(changed));
}

}  // namespace edgeval::gpu
