// a kept + (1 - a) fresh, which the cells of GRU, SRU and QRNN compute with a gate a in [0, 1], in
// fp32 and in integers. In integers the gate has kUnitBits fraction bits and both values have
// kStateBits; the sum of both terms is rounded once.
#pragma once

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

EDGEVAL_HD float blend(float gate, float kept, float fresh) {
  return gate * kept + (1.0F - gate) * fresh;
}

EDGEVAL_HD std::int32_t blend(std::int32_t gate, std::int32_t kept, std::int32_t fresh) {
  const std::int64_t sum =
      static_cast<std::int64_t>(gate) * kept + static_cast<std::int64_t>(kUnit - gate) * fresh;
  return static_cast<std::int32_t>(round_shift(sum, kUnitBits));
}

}  // namespace edgeval
