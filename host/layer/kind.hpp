// What the header of every kind of layer tells, and what the kinds of recurrent cells have in
// common. A kind is a type without members:
//   kMeaning                        one line for `edgeval info`
//   kFacts                          its name and the work of its cells (host/core/cell.hpp)
//   closed_form(shape)              the formulas of its dense counts
// and a kind of recurrent cells also
//   blocks(inputs, cells, form)     what W and U are made of
//   keys(form, visit)               what the model file says about its form, one call of
//                                   visit.choice, without, whole, optional or optional_rows each
//   tensors(weights, cells, form, visit)
//                                   those of the model file beside weight_ih and weight_hh, one
//                                   call of visit.vector, diagonal or matrix each
//   row(block, numbers, type, row)  a step of the cells of one lane
//   first_half(block, numbers, row, given)
//                                   if they come in halves, what the first gives to the product
// and what differs from RecurrentKind.
#pragma once

#include <string>

#include "host/body/cell.hpp"
#include "host/core/activity.hpp"
#include "host/layer/cell_type.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

// As in "4H(C + H)": C inputs, H cells, O outputs, P elements behind a projection, k frames of a
// window; of attention K elements of a key and M of the mlp between query and key.
struct ClosedForm {
  std::string macs, weights, biases;  // of one step and direction
};

// Of recurrent cells. inputs: what enters W, as it stands behind H in "3HkC".
ClosedForm cells_closed_form(const LayerShape& shape, const char* inputs);

// What holds of most kinds of recurrent cells.
struct RecurrentKind {
  static constexpr bool kHasC = true;          // a state c beside h
  static constexpr bool kRoundsOutput = true;  // h has the width of an operand, not that of c

  // Whether the cells show x itself beside c, which is then as wide as they are many.
  EDGEVAL_HD static constexpr bool shows_x(const CellBlocks&) { return false; }
  static ClosedForm closed_form(const LayerShape& shape) { return cells_closed_form(shape, "C"); }
  // What the equations do not allow: the technique and the reason; empty: nothing. Cells that come
  // in halves allow the operand as_is alone and no pseudo-skip.
  static std::string problem(const CellForm&, const LayerPolicy&) { return ""; }

  template <class Form, class Visit>
  static void keys(Form&, Visit&&) {}
  template <class Block, class Numbers, class Row>
  EDGEVAL_HD static void first_half(Block, const Numbers&, const Row&, float*) {}
};

}  // namespace edgeval
