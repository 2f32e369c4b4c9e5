// Sigmoid and tanh of the integer arithmetics: one table each over [0, 16), 128 segments per unit,
// linear between the knots; the rest by symmetry, sigmoid(-z) = 1 - sigmoid(z) and tanh(-z) =
// -tanh(z); beyond 16 the last value. z has kStateBits fraction bits, the result kUnitBits. Within
// one unit in the last place (2^-15) of the exact functions.
//
// An entry packs the value at its knot (upper 20 bits) and the rise to the next knot (lower 12), so
// that an evaluation is one load. Both have kKnotBits fraction bits: rounded to kUnitBits they
// would take more than the one unit. Entries come from IEEE additions, multiplications and
// divisions only: the same bits on every machine.
#pragma once

#include <array>
#include <cstdint>

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

inline constexpr int kSegmentsPerUnit = 128;
inline constexpr int kTableSegments = 16 * kSegmentsPerUnit;
inline constexpr int kWithinSegmentBits = kStateBits - 7;  // 2^20 / 128 steps of z in a segment
inline constexpr int kKnotBits = kUnitBits + 3;
inline constexpr int kRiseBits = 12;  // of an entry; tanh rises by 2^11 in its first segment

// A type of its own, so that a compiler knows that no result is written over a table and may gather
// from it.
enum class TableEntry : std::uint32_t {};

// Views of both tables, [kTableSegments] entries each, in host or device memory.
struct ActivationTables {
  const TableEntry* sigmoid;
  const TableEntry* tanh;
};

// The tables in host memory, made once.
const ActivationTables& activation_tables();

// |z| through a table, for z >= 0 in kStateBits.
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

// No branches on the sign: they would keep the loop over cells from being vectorised. sign is -1 or
// 0.
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
