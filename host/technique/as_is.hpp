// Operand: elements enter the products as they are, and each costs its work.
#pragma once

#include "host/technique/technique.hpp"

namespace edgeval {

struct AsIs {
  static constexpr const char* kName = "as_is";
  static constexpr const char* kMeaning = "elements enter the products as they are";
  static constexpr OperandCost kCost{};

  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  const char* problem() const { return nullptr; }

  struct Rule {
    static constexpr bool kIdentity = true;  // the engines may feed the products without a copy
    static constexpr bool kOnGivenValues = true;
    struct State {};
    EDGEVAL_HD float seen(float value, Source) const { return value; }
    EDGEVAL_HD Operand next(float value, Source, State&) const { return {value, true}; }
  };
  Rule rule() const { return {}; }
};

}  // namespace edgeval
