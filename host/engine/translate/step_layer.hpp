// One layer of a decoder, run a step at a time over rows that come and go. Each row is a
// hypothesis; what the layer keeps of it (c, the operand's and the selection's state) follows it. A
// step is that of direction.cpp or, for a linear layer, that of linear.cpp:
//   operand(x) -> product W -> { operand(h) -> product U -> cell -> projection }
//   operand(x) -> product W -> what LinearEnd says
#pragma once

#include <memory>
#include <span>

#include "host/body/linear.hpp"
#include "host/engine/sequence/packed_layer.hpp"

namespace edgeval {

// What a layer keeps of R rows between two steps, beside a recurrent layer's h.
class StepState {
 public:
  virtual ~StepState() = default;
  // Returns the state of the rows `parents`, in this order.
  virtual std::unique_ptr<StepState> gather(std::span<const Index> parents) const = 0;
};

// Rows before their first step.
struct StepStart {
  Index rows;
  const Matrix<float>* cells;  // [R, H], c of a recurrent layer, or its h without a c; else null
  // The length of each row's source, which stands in for its number of steps, not known yet.
  std::span<const Index> lengths;
};

struct StepRows {
  Matrix<float>& x;  // [padded R, C], left as it is
  Index rows;        // R
  Index step;        // from 0
  // The activity of each row's sentence, to which changed and zero elements are added.
  std::span<LayerActivity* const> activity;
};

class StepLayer {
 public:
  virtual ~StepLayer() = default;
  virtual std::unique_ptr<StepState> start(const StepStart& start) const = 0;
  // Runs a step. y [padded R, O] is h, which a recurrent layer takes from h(t - 1) to h(t), or the
  // output that a linear layer writes.
  virtual void run(const StepRows& rows, StepState& state, Matrix<float>& y) const = 0;
};

// Returns the layer at a policy; it shares `packed`. end: what follows the bias of a linear layer.
std::unique_ptr<StepLayer> make_step_layer(const std::shared_ptr<PackedLayer>& packed,
                                           const LayerPolicy& policy,
                                           LinearEnd end = LinearEnd::kActivation);

}  // namespace edgeval
