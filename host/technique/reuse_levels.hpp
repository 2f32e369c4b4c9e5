// Quantized reuse (reuse.hpp) without a division: the index of a value is estimated in floats and
// corrected against the exact floats at which the index steps up, which the host finds by the rule
// itself. Same indices, same centroids, in single precision alone; for devices on which double
// precision is slow.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "host/technique/on_grid.hpp"
#include "host/technique/reuse.hpp"

namespace edgeval {

// One centroid: the values from `from` up to below `next` are its own (no number behind the last);
// what enters the products in its place, as x and as h.
struct alignas(16) ReuseLevel {
  float from, next;
  float centroid_x, centroid_h;
};

struct LevelReuse {
  static constexpr bool kIdentity = false;
  static constexpr bool kOnGivenValues = true;  // centroids are on the grids already
  float base, inverse;                          // of the estimate (value - base) inverse + 1
  std::int32_t last;                            // C - 1
  const ReuseLevel* levels;                     // [C]

  using State = Reuse::Rule::State;  // the index counts from the first centroid

  EDGEVAL_HD_ALWAYS float seen(float value, Source) const { return value; }
  EDGEVAL_HD_ALWAYS Operand next(float value, Source source, State& state) const {
    const float estimate = (value - base) * inverse + 1.0F, most = static_cast<float>(last);
    // What is no number stays inside, too.
    auto now = static_cast<std::int32_t>(estimate > 0 ? (estimate < most ? estimate : most) : 0);
    ReuseLevel level = levels[now];
    while (value < level.from) level = levels[--now];
    while (value >= level.next) level = levels[++now];
    const bool changed = now != state.index;
    state.index = now;
    return {source == Source::kInput ? level.centroid_x : level.centroid_h, changed};
  }
};

// The least float with at least this index, which is above the lowest.
inline float first_value_of(const Reuse::Rule& rule, std::int32_t index) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  auto value = static_cast<float>(rule.step * (static_cast<double>(index) - 0.5));
  while (rule.index(value) >= index) value = std::nextafter(value, -kInfinity);
  while (rule.index(value) < index) value = std::nextafter(value, kInfinity);
  return value;
}

// centroid_x, centroid_h: what enters the products for a centroid, as the arithmetic has it.
template <class OfX, class OfH>
std::vector<ReuseLevel> reuse_levels(const Reuse::Rule& rule, OfX centroid_x, OfH centroid_h) {
  std::vector<ReuseLevel> levels;
  float from = -std::numeric_limits<float>::infinity();
  for (std::int32_t index = rule.lowest; index <= rule.highest; ++index) {
    const float next = index < rule.highest ? first_value_of(rule, index + 1)
                                            : std::numeric_limits<float>::quiet_NaN();
    const auto centroid = static_cast<float>(rule.step * static_cast<double>(index));
    levels.push_back({from, next, centroid_x(centroid), centroid_h(centroid)});
    from = next;
  }
  return levels;
}

// `levels`: where the device finds those of `host`.
inline LevelReuse level_reuse(const Reuse::Rule& rule, const std::vector<ReuseLevel>& host,
                              const ReuseLevel* levels) {
  const bool several = host.size() > 1;
  return {several ? host[1].from : 0, several ? static_cast<float>(1 / rule.step) : 0,
          static_cast<std::int32_t>(host.size()) - 1, levels};
}

}  // namespace edgeval
