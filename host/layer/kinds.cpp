#include "host/layer/kinds.hpp"

namespace edgeval {

ClosedForm cells_closed_form(const LayerShape& shape, const char* inputs) {
  const auto times_cells = [](auto number) { return concat(number, "H"); };
  const char* const recurrent = shape.form.projection > 0 ? " + P)" : " + H)";
  ClosedForm form;
  form.macs = times_cells(shape.gates);
  form.macs += shape.recurrent > 0 ? concat("(", inputs, recurrent) : inputs;
  if (shape.form.projection > 0) form.macs += " + HP";
  const CellWork work = shape.work();
  form.weights = form.macs;
  if (work.diagonals > 0) form.weights += " + " + times_cells(work.diagonals);
  form.biases = work.biases > 0 ? times_cells(work.biases) : "0";
  return form;
}

}  // namespace edgeval
