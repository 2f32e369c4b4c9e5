// What one direction of a recurrent layer is run on: a block of lanes and their plans.
#pragma once

#include "host/engine/product/second_product.hpp"
#include "host/engine/sequence/final_states.hpp"
#include "host/engine/sequence/packing.hpp"

namespace edgeval {

struct DirectionTask {
  const RecurrentLayer& layer;
  Direction direction;
  const Ragged<float>& input;          // [frames, C] of every lane
  const std::vector<LanePlan>& plans;  // of every lane
  const std::vector<Index>& lanes;     // those of this block, most live steps first
  Ragged<float>& output;               // [frames, h of each direction side by side]
  Index first_column;                  // of this direction in the output
  std::int64_t chunk_bytes;            // how many bytes of W x are held at once
  const SimilaritySkip* pseudo;        // null where the plan has no pseudo-skips
  const SecondProducts* second;        // null where there is no second product
  // The activity of each lane of the block, to which changed and zero elements and the selection's
  // counts are added.
  std::vector<LayerActivity*> activity;
  const PiecewiseFunctions* functions = nullptr;  // in the cells, instead of exact ones
  FinalStates* final_states = nullptr;  // of all lanes; the block writes its own; null: unwanted
};

}  // namespace edgeval
