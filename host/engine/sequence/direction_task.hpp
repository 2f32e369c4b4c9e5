// What one direction of a recurrent layer is run on: a block of lanes, each with its plan. A lane
// is an utterance under an operating point, so that the lanes of a block may belong to several
// points.
#pragma once

#include "host/engine/product/second_product.hpp"
#include "host/engine/sequence/packing.hpp"
#include "host/technique/operand.hpp"

namespace edgeval {

struct DirectionLane {
  MatrixView<const float> input;  // [T, C]
  MatrixView<float> output;       // [T, H or P], the columns of this direction
  const LanePlan& plan;
  const OperandChoice& operand;  // the lanes of a task have operands of one type
  // Receives the changed and zero elements and the selection's counts.
  LayerActivity& activity;
  // Receive the last h [H or P] and the last c [H], in units of 1; null where they are not wanted.
  float *last_h = nullptr, *last_c = nullptr;
};

struct DirectionTask {
  const RecurrentLayer& layer;
  Direction direction;
  std::vector<DirectionLane> lanes;  // most live steps first
  std::int64_t chunk_bytes;          // how many bytes of W x are held at once
  const SimilaritySkip* pseudo;      // the plan of all lanes; null where it has no pseudo-skip
  const SecondProducts* second;      // null where there is no second product
  const PiecewiseFunctions* functions = nullptr;  // in the cells, instead of exact ones
};

}  // namespace edgeval
