// How close outputs in fp32 must come to those of the literal networks, which compute in double, or
// of another engine.
#pragma once

namespace edgeval::test {

inline constexpr double kTolerance = 1e-5;

// Decisions whose margin is smaller than this may differ, since they hang on the rounding of fp32.
inline constexpr double kTooClose = 1e-6;

}  // namespace edgeval::test
