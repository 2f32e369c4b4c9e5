// Which cells a recurrent layer has, and how its matrices are made of blocks of H rows, one for
// each gate. Both devices use these types.
#pragma once

#include "host/core/cell.hpp"
#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

// Numbers of blocks of H rows. U has as many blocks as W where the cells have a U.
struct CellBlocks {
  Index gates = 4;  // G, all blocks of W
  // The first blocks of U, which multiply h(t-1); the blocks after them multiply what the first
  // half of a step gives. 0 where the cells have no U.
  Index at_once = 4;
  Index unbiased = 0;  // the first blocks, which have no bias
  Index apart = 0;     // the last blocks, where the bias of U h stays beside U h

  // Whether a step of the cells has two halves with a product between them.
  EDGEVAL_HD bool in_halves() const { return at_once > 0 && at_once < gates; }
  // The number of blocks of sums that stand beside W x. Where there is no U, these are zeros, as
  // many as W x has.
  EDGEVAL_HD Index of_sums() const { return at_once > 0 ? at_once : gates; }
  bool operator==(const CellBlocks&) const = default;
};

// By default these are plain LSTM cells.
struct CellType {
  int kind = 0;  // the kind's place in RecurrentKinds (host/layer/kinds.hpp)
  CellForm form = {};
  CellBlocks blocks = {};
  bool operator==(const CellType&) const = default;
};

}  // namespace edgeval
