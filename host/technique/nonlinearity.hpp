// The nonlinearity axis: how sigmoid and tanh are evaluated. A new choice is its struct and its line.
#pragma once

#include <variant>

#include "host/technique/technique.hpp"

namespace edgeval {

struct Exact {
  static constexpr const char* kName = "exact";
  static constexpr const char* kMeaning = "sigmoid and tanh to a few units in the last place";

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

using Nonlinearity = std::variant<Exact>;

}  // namespace edgeval
