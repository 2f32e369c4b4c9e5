// The arithmetic axis: in which numbers the products and cells are computed. A new choice is its struct and its line.
#pragma once

#include <variant>

#include "host/technique/technique.hpp"

namespace edgeval {

struct Fp32 {
  static constexpr const char* kName = "fp32";
  static constexpr const char* kMeaning = "IEEE single precision, the baseline";

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

using Arithmetic = std::variant<Fp32>;

}  // namespace edgeval
