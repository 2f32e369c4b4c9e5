// Nonlinearity: sigmoid and tanh themselves, the baseline (host/numeric/nonlinear.hpp; in integers
// host/numeric/activation_table.hpp).
#pragma once

#include "host/technique/technique.hpp"

namespace edgeval {

struct Exact {
  static constexpr const char* kName = "exact";
  static constexpr const char* kMeaning = "sigmoid and tanh to a few units in the last place";

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

}  // namespace edgeval
