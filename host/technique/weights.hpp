// The weights axis: what is done to the weights once, when a model is loaded. A new choice is its struct and its line.
#pragma once

#include <variant>

#include "host/technique/technique.hpp"

namespace edgeval {

struct AsTrained {
  static constexpr const char* kName = "as_trained";
  static constexpr const char* kMeaning = "the weights of the file, unchanged";

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }
};

using Weights = std::variant<AsTrained>;

}  // namespace edgeval
