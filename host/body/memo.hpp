// The selection of memoization (host/technique/memoized.hpp) for one lane at one executed step,
// between the products and the cell.
#pragma once

#include "host/body/block.hpp"
#include "host/body/numbers.hpp"
#include "host/technique/memoized.hpp"

namespace edgeval {

// What is remembered of one neuron: both sums, and the state of the predictor.
template <class Sum>
struct NeuronMemo {
  Sum wx = 0, uh = 0;
  Memoized::Rule::Memo memo;
};

// The sign with which an element enters the binary predictor's product, under any arithmetic.
EDGEVAL_HD float sign_of(float value) { return value >= 0 ? 1.0F : -1.0F; }

// All members are [neurons]. Sums is as in CellRow.
template <class Sum, class Sums = const Sum*>
struct MemoRow {
  Sums wx, uh;                 // the sums of this step
  Sum *chosen_wx, *chosen_uh;  // the sums to go on with; may be the memory of wx and uh
  NeuronMemo<Sum>* memo;
};

// predicted(at) is p of neuron `at`. Returns how many neurons were remembered.
template <class Block, class Sum, class Sums, class Predicted>
EDGEVAL_HD int memo_row(Block block, const Memoized::Rule& rule, Index neurons,
                        const MemoRow<Sum, Sums>& row, Predicted predicted) {
  return block.sum(neurons, [&](Index at) {
    NeuronMemo<Sum>& known = row.memo[at];
    const bool serves = rule.remembers(predicted(at), known.memo);
    known.wx = serves ? known.wx : row.wx[at];
    known.uh = serves ? known.uh : row.uh[at];
    row.chosen_wx[at] = known.wx;
    row.chosen_uh[at] = known.uh;
    return serves ? 1 : 0;
  });
}

}  // namespace edgeval
