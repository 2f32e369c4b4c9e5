// One layer of a decoder, run a step at a time over rows that come and go: each row is a
// hypothesis, what the layer keeps of it (c, the operand's and the selection's state) follows it. A
// step is that of direction.cpp and linear.cpp:
//   operand(x) -> product W -> { operand(h) -> product U -> cell -> projection }, or for a linear
//   layer what ends it
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
  // That of rows `parents`, side by side.
  virtual std::unique_ptr<StepState> gather(std::span<const Index> parents) const = 0;
};

// Rows before their first step.
struct StepStart {
  Index rows;
  const Matrix<float>* cells;  // [R, H], c of a recurrent layer, of a GRU its h; else null
  std::span<const Index>
      lengths;  // of each row's source, which stands in for its number of steps, not known yet
};

struct StepRows {
  Matrix<float>& x;  // [padded R, C], left as it is
  Index rows;        // R
  Index step;        // from 0
  std::span<LayerActivity* const>
      activity;  // of each row's sentence: changed and zero elements are added
};

class StepLayer {
 public:
  virtual ~StepLayer() = default;
  virtual std::unique_ptr<StepState> start(const StepStart& start) const = 0;
  // y [padded R, O]: h(t - 1) -> h(t) of a recurrent layer, written by a linear one.
  virtual void run(const StepRows& rows, StepState& state, Matrix<float>& y) const = 0;
};

// end: of a linear layer.
std::unique_ptr<StepLayer> make_step_layer(const std::shared_ptr<PackedLayer>& packed,
                                           const LayerPolicy& policy,
                                           LinearEnd end = LinearEnd::kActivation);

}  // namespace edgeval
