// Plan: every step is evaluated in full.
#pragma once

#include "host/technique/technique.hpp"

namespace edgeval {

struct EveryStep {
  static constexpr const char* kName = "every_step";
  static constexpr const char* kMeaning = "every step is evaluated";
  static constexpr PlanCost kCost{};

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

}  // namespace edgeval
