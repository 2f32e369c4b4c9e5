// What enters the products: brings one row (one lane at one executed step) of x or of h through the
// operand's rule.
#pragma once

#include "host/body/block.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

struct OperandCounts {
  int changed;  // number of elements that cause work
  int zero;     // number of elements that are exactly 0 before the rule
};

// Turns value [width] into operand [width], which may be the same memory; state [width] of this
// lane is read and written. Target is the type to which operand[i] = x writes, usually a pointer to
// memory. The rule is a copy, so that compilers know that no written operand changes it.
template <class Block, class Rule, class Target>
EDGEVAL_HD OperandCounts operand_row(Block block, Rule rule, Source source, const float* value,
                                     Index width, typename Rule::State* state, Target operand) {
  OperandCounts counts;
  counts.zero = block.sum(width, [&](Index i) { return rule.seen(value[i], source) == 0 ? 1 : 0; });
  if constexpr (Rule::kIdentity) {
    counts.changed = static_cast<int>(width);
    if (operand != value) block.for_each(width, [&](Index i) { operand[i] = value[i]; });
  } else {
    block.synchronize();  // counts all zeros before a value is overwritten
    counts.changed = block.sum(width, [&](Index i) {
      const Operand now = rule.next(rule.seen(value[i], source), source, state[i]);
      operand[i] = now.value;
      return now.changed;
    });
  }
  return counts;
}

}  // namespace edgeval
