// Sigmoid and tanh of the integer arithmetics. Each has a table over [0, 16) with 128 segments per
// unit and is linear between the knots; from 16 on the last value holds. Below zero sigmoid(-z) = 1
// - sigmoid(z) and tanh(-z) = -tanh(z). z has kStateBits fraction bits, the result kUnitBits. The
// results are within one unit in the last place (2^-15) of the exact functions.
//
// An entry packs the value at its knot (upper 20 bits) and the rise to the next knot (lower 12
// bits), so that an evaluation takes one load. Both have kKnotBits fraction bits, since rounding
// them to kUnitBits would cost more than the one unit. The entries are made with IEEE additions,
// multiplications and divisions only and so are the same bits on every machine.
#pragma once

#include <array>
#include <cstdint>

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

inline constexpr int kSegmentsPerUnit = 128;
inline constexpr int kTableSegments = 16 * kSegmentsPerUnit;
inline constexpr int kWithinSegmentBits = kStateBits - 7;  // 2^20 / 128 steps of z in a segment
inline constexpr int kKnotBits = kUnitBits + 3;
inline constexpr int kRiseBits = 12;  // bits of a rise; tanh rises by 2^11 in its first segment

// An entry has a type of its own, so that the compiler knows that no result is written over a table
// and may use gather instructions.
enum class TableEntry : std::uint32_t {};

// Views of both tables, [kTableSegments] entries each, in host or device memory.
struct ActivationTables {
  const TableEntry* sigmoid;
  const TableEntry* tanh;
};

// Returns the tables in host memory, which are made once.
const ActivationTables& activation_tables();

// The function of a table at z >= 0, which has kStateBits fraction bits. The result has kUnitBits.
EDGEVAL_HD_ALWAYS std::int32_t table_value(const TableEntry* table, std::uint32_t z) {
  const std::uint32_t last = (static_cast<std::uint32_t>(kTableSegments) << kWithinSegmentBits) - 1;
  const std::uint32_t clamped = z < last ? z : last;
  const auto entry = static_cast<std::uint32_t>(table[clamped >> kWithinSegmentBits]);
  const std::uint32_t within = clamped & ((1U << kWithinSegmentBits) - 1);
  const std::uint32_t value =
      (entry >> kRiseBits << kWithinSegmentBits) + (entry & ((1U << kRiseBits) - 1)) * within;
  constexpr int kExtraBits = kKnotBits + kWithinSegmentBits - kUnitBits;
  return static_cast<std::int32_t>((value + (1U << (kExtraBits - 1))) >> kExtraBits);
}

// negate_if and magnitude do not branch on the sign, as a branch would keep the loop over cells
// from being vectorised. `sign` is -1 for negative numbers, else 0.
EDGEVAL_HD_ALWAYS std::int32_t negate_if(std::int32_t value, std::int32_t sign) {
  return (value ^ sign) - sign;
}

EDGEVAL_HD_ALWAYS std::uint32_t magnitude(std::int32_t z, std::int32_t sign) {
  return (static_cast<std::uint32_t>(z) ^ static_cast<std::uint32_t>(sign)) -
         static_cast<std::uint32_t>(sign);
}

EDGEVAL_HD_ALWAYS std::int32_t table_sigmoid(const ActivationTables& tables, std::int32_t z) {
  const std::int32_t sign = z >> 31;
  return negate_if(table_value(tables.sigmoid, magnitude(z, sign)), sign) + (kUnit & sign);
}

EDGEVAL_HD_ALWAYS std::int32_t table_tanh(const ActivationTables& tables, std::int32_t z) {
  const std::int32_t sign = z >> 31;
  return negate_if(table_value(tables.tanh, magnitude(z, sign)), sign);
}

}  // namespace edgeval
