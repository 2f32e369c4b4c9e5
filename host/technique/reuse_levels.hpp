// The reuse operand (reuse.hpp) without a division. The index of a value is estimated in floats and
// then corrected against the exact floats at which the index steps up, which the host finds with
// the rule itself. Indices and centroids are those of the rule, but single precision alone is used,
// for devices on which double precision is slow.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "host/technique/on_grid.hpp"
#include "host/technique/reuse.hpp"

namespace edgeval {

// One centroid. It stands for the values from `from` to below `next`, which is NaN for the last
// centroid. centroid_x and centroid_h enter the products in their place, for x and for h.
struct alignas(16) ReuseLevel {
  float from, next;
  float centroid_x, centroid_h;
};

struct LevelReuse {
  static constexpr bool kIdentity = false;
  static constexpr bool kOnGivenValues = true;  // true: centroids are on the grids already
  float base, inverse;                          // used in the estimate (value - base) inverse + 1
  std::int32_t last;                            // C - 1
  const ReuseLevel* levels;                     // [C]

  using State = Reuse::Rule::State;  // the index counts from the first centroid

  EDGEVAL_HD_ALWAYS float seen(float value, Source) const { return value; }
  EDGEVAL_HD_ALWAYS Operand next(float value, Source source, State& state) const {
    const float estimate = (value - base) * inverse + 1.0F, most = static_cast<float>(last);
    // The index stays in range for NaN, too.
    auto now = static_cast<std::int32_t>(estimate > 0 ? (estimate < most ? estimate : most) : 0);
    ReuseLevel level = levels[now];
    while (value < level.from) level = levels[--now];
    while (value >= level.next) level = levels[++now];
    const bool changed = now != state.index;
    state.index = now;
    return {source == Source::kInput ? level.centroid_x : level.centroid_h, changed};
  }
};

// Returns the least float that has at least this index, which must be above the lowest one.
inline float first_value_of(const Reuse::Rule& rule, std::int32_t index) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  auto value = static_cast<float>(rule.step * (static_cast<double>(index) - 0.5));
  while (rule.index(value) >= index) value = std::nextafter(value, -kInfinity);
  while (rule.index(value) < index) value = std::nextafter(value, kInfinity);
  return value;
}

// centroid_x and centroid_h return what enters the products for a centroid under the arithmetic in
// use.
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

// Returns the rule for a device that finds the levels of `host` at `levels`.
inline LevelReuse level_reuse(const Reuse::Rule& rule, const std::vector<ReuseLevel>& host,
                              const ReuseLevel* levels) {
  const bool several = host.size() > 1;
  return {several ? host[1].from : 0, several ? static_cast<float>(1 / rule.step) : 0,
          static_cast<std::int32_t>(host.size()) - 1, levels};
}

}  // namespace edgeval
