// One direction of a recurrent layer on the CPU, for a block of lanes, from planned lanes to
// outputs:
//   operand(x) -> product W -> for each live step { operand(h) -> product U -> cell -> projection }
//   -> unpack.
// SRU and QRNN have no U; a GRU that resets h before the product makes U's rows of the candidate a
// product of their own.
#pragma once

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/engine/product/second_product.hpp"
#include "host/engine/sequence/final_states.hpp"
#include "host/engine/sequence/packing.hpp"
#include "host/technique/operand.hpp"

namespace edgeval {

struct DirectionTask {
  const RecurrentLayer& layer;
  Direction direction;
  const Ragged<float>& input;          // [frames, C] of every lane
  const std::vector<LanePlan>& plans;  // of every lane
  const std::vector<Index>& lanes;     // those of this block, most live steps first
  Ragged<float>& output;               // [frames, h of each direction side by side]
  Index first_column;                  // of this direction in the output
  std::int64_t chunk_bytes;            // of W x held at once
  const SimilaritySkip* pseudo;        // null where the plan has no pseudo-skips
  const SecondProducts* second;        // null where nothing is multiplied twice
  std::vector<LayerActivity*>
      activity;  // of each lane of the block: changed and zero elements are added
  const PiecewiseFunctions* functions = nullptr;  // in the cells, instead of exact ones
  FinalStates* final_states = nullptr;            // of all lanes; receives those of these
};

// LayerArithmetic: FloatLayer, QuantizedLayer (dynamic precision under fp32), FixedLayer<int32>
// (int8) or FixedLayer<int64> (int16).
template <class LayerArithmetic>
void run_direction(const DirectionTask& task, const LayerArithmetic& arithmetic,
                   const OperandChoice& operand);

}  // namespace edgeval
