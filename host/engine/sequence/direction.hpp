// One direction of a recurrent layer on the CPU, for a block of lanes, from planned lanes to
// outputs:
//   operand(x) -> product W -> for each live step { operand(h) -> product U -> cell -> projection }
//   -> unpack.
// SRU and QRNN have no U. A GRU that resets h before the product multiplies with U's rows of the
// candidate in a product of its own.
#pragma once

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/engine/sequence/direction_task.hpp"
#include "host/technique/operand.hpp"

namespace edgeval {

// Runs the task and writes its output, its counts and, where they are wanted, its final states.
// LayerArithmetic is FloatLayer, QuantizedLayer (dynamic precision under fp32), FixedLayer<int32>
// (int8) or FixedLayer<int64> (int16). The lanes' operands may differ in the parameters of their
// rules; where the operand selects (selects<Technique>()), all lanes take the first one's.
template <class LayerArithmetic>
void run_direction(const DirectionTask& task, const LayerArithmetic& arithmetic);

}  // namespace edgeval
