// The tables of activation_table.hpp in a layout that takes the fewest instructions on a GPU and
// gives the same bits. A pair holds a knot, shifted to the scale of the sum and with half a unit
// added for the rounding, and the rise to the next knot. Each table ends where its entries stay the
// same. Both together take 21 KiB and so fit the shared memory of a thread block.
#pragma once

#include <array>

#include "host/numeric/activation_table.hpp"

namespace edgeval {

struct alignas(8) ActivationPair {
  std::uint32_t base, rise;
};

inline constexpr int kSigmoidPairs = 14 * kSegmentsPerUnit;  // sigmoid(14) rounds to 1
inline constexpr int kTanhPairs = 7 * kSegmentsPerUnit;      // tanh(7) rounds to 1
inline constexpr int kActivationPairs = kSigmoidPairs + kTanhPairs;

// Both tables, in host or device memory.
struct ActivationPairs {
  const ActivationPair* sigmoid;
  const ActivationPair* tanh;
};

// Returns the pairs of sigmoid, then those of tanh.
inline std::array<ActivationPair, kActivationPairs> activation_pairs() {
  std::array<ActivationPair, kActivationPairs> pairs;
  const ActivationTables& tables = activation_tables();
  constexpr std::uint32_t kHalf = 1U << (kKnotBits + kWithinSegmentBits - kUnitBits - 1);
  for (int k = 0; k < kActivationPairs; ++k) {
    const auto entry = static_cast<std::uint32_t>(
        k < kSigmoidPairs ? tables.sigmoid[k] : tables.tanh[k - kSigmoidPairs]);
    pairs[static_cast<std::size_t>(k)] = {(entry >> kRiseBits << kWithinSegmentBits) + kHalf,
                                          entry & ((1U << kRiseBits) - 1)};
  }
  return pairs;
}

// The function of a table with kEntries pairs at z >= 0. z has kStateBits fraction bits, the result
// kUnitBits.
template <int kEntries>
EDGEVAL_HD_ALWAYS std::int32_t pair_value(const ActivationPair* table, std::uint32_t z) {
  constexpr std::uint32_t kLast = (std::uint32_t{kEntries} << kWithinSegmentBits) - 1;
  const std::uint32_t clamped = z < kLast ? z : kLast;
  const ActivationPair pair = table[clamped >> kWithinSegmentBits];
  const std::uint32_t within = clamped & ((1U << kWithinSegmentBits) - 1);
  return static_cast<std::int32_t>((pair.base + pair.rise * within) >>
                                   (kKnotBits + kWithinSegmentBits - kUnitBits));
}

EDGEVAL_HD_ALWAYS std::uint32_t magnitude_of(std::int32_t z) {
  return z < 0 ? 0U - static_cast<std::uint32_t>(z) : static_cast<std::uint32_t>(z);
}

EDGEVAL_HD_ALWAYS std::int32_t table_sigmoid(const ActivationPairs& tables, std::int32_t z) {
  const std::int32_t value = pair_value<kSigmoidPairs>(tables.sigmoid, magnitude_of(z));
  return z < 0 ? kUnit - value : value;
}

EDGEVAL_HD_ALWAYS std::int32_t table_tanh(const ActivationPairs& tables, std::int32_t z) {
  const std::int32_t value = pair_value<kTanhPairs>(tables.tanh, magnitude_of(z));
  return z < 0 ? -value : value;
}

}  // namespace edgeval
