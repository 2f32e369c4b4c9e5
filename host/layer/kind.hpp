// What the header of every kind of layer has, and what the kinds of recurrent cells have in common.
// A kind is a type without members that has
//   kMeaning                        one line for `edgeval info`
//   kFacts                          its name and the work of its cells (host/core/cell.hpp)
//   closed_form(shape)              the formulas of its dense counts
// A kind of the layers of a model also has
//   kAxes                           which axes of a policy act on it (LayerAxes)
// A kind of recurrent cells also has
//   blocks(inputs, cells, form)     what W and U are made of
//   keys(form, visit)               what the model file says about its form: calls visit.choice,
//                                   without, whole, optional or optional_rows for each key
//   tensors(weights, cells, form, visit)
//                                   tensors of the model file beside weight_ih and weight_hh: calls
//                                   visit.vector, diagonal or matrix for each
//   row(block, numbers, type, row)  a step of the cells of one lane
//   first_half(block, numbers, row, given)
//                                   for cells whose steps have two halves: what the first half
//                                   gives to the product
// and whatever differs from RecurrentKind.
#pragma once

#include <string>

#include "host/body/cell.hpp"
#include "host/core/activity.hpp"
#include "host/layer/cell_type.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

// Formulas such as "4H(C + H)", with C inputs, H cells, O outputs, P elements behind a projection
// and k frames of a window; for attention with K elements of a key and M of the mlp between query
// and key.
struct ClosedForm {
  std::string macs, weights, biases;  // those of one step and direction
};

// Returns the formulas of recurrent cells. `inputs` names what enters W as it stands behind H, for
// instance "kC".
ClosedForm cells_closed_form(const LayerShape& shape, const char* inputs);

// The members that most kinds of recurrent cells share.
struct RecurrentKind {
  static constexpr bool kHasC = true;  // whether there is a state c beside h
  // true: h has the width of an operand; false: it has that of c.
  static constexpr bool kRoundsOutput = true;
  static constexpr bool kInDecoders = false;  // whether a translation's decoder takes the cells
  static constexpr LayerAxes kAxes{};

  // Whether the cells mix x itself into their output, which then has as many elements as there are
  // cells.
  EDGEVAL_HD static constexpr bool shows_x(const CellBlocks&) { return false; }
  static ClosedForm closed_form(const LayerShape& shape) { return cells_closed_form(shape, "C"); }
  // Returns which technique the equations do not allow and why, or an empty text. Cells whose steps
  // have two halves allow only the operand as_is and no pseudo-skip.
  static std::string problem(const CellForm&, const LayerPolicy&) { return ""; }

  template <class Form, class Visit>
  static void keys(Form&, Visit&&) {}
  template <class Block, class Numbers, class Row>
  EDGEVAL_HD static void first_half(Block, const Numbers&, const Row&, float*) {}
};

}  // namespace edgeval
