// Pseudo-skips (host/technique/pseudo_skip.hpp) around the products of one half of z, that of x or
// that of h, for one lane at one evaluated step: what enters either product, and what the memory of
// both becomes.
#pragma once

#include "host/body/block.hpp"
#include "host/body/operand.hpp"
#include "host/technique/pseudo_skip.hpp"

namespace edgeval {

// value and reference are [width]. write(i, elements) stores what element i brings into the
// products. The rule is a copy, as in operand_row.
template <class Block, class Write>
EDGEVAL_HD OperandCounts pseudo_operand_row(Block block, PseudoRule rule, bool pseudo,
                                            const float* value, Index width,
                                            std::int32_t* reference, Write write) {
  OperandCounts counts;
  counts.zero = block.sum(width, [&](Index i) { return rule.grid.snap(value[i]) == 0 ? 1 : 0; });
  counts.changed = block.sum(width, [&](Index i) {
    const PseudoRule::Elements elements = rule.next(value[i], pseudo, reference[i]);
    write(i, elements);
    return elements.changed;
  });
  return counts;
}

// full and delta [neurons] hold W16 a and W8 s. sums [neurons] receives this half of z as the
// 16-bit product would give it.
struct PseudoMemory {
  Index neurons;
  std::int64_t *full, *delta, *sums;
};

// products.full(at) and products.delta(at) are the exact sums of this step; products.offset(at) is
// what the sums of the 16-bit product lack. W8 has 8 fraction bits fewer than W16, and the
// differences have delta_shift fewer than v.
template <class Block, class Products>
EDGEVAL_HD void pseudo_sums_row(Block block, const PseudoRule& rule, bool pseudo,
                                const PseudoMemory& memory, const Products& products) {
  block.for_each(memory.neurons, [&](Index at) {
    std::int64_t &full = memory.full[at], &delta = memory.delta[at];
    if (pseudo) {
      delta += products.delta(at);
    } else if (rule.moves) {
      full += products.full(at);
    } else {
      full = products.full(at);
      delta = 0;
    }
    memory.sums[at] =
        full + delta * (std::int64_t{1} << (8 + rule.delta_shift)) - products.offset(at);
  });
}

}  // namespace edgeval
