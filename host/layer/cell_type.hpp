// Which cells a recurrent layer has and how its matrices are made of blocks of H rows, one a gate;
// for both devices.
#pragma once

#include "host/core/cell.hpp"
#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

// Blocks of H rows. U has as many as W where the cells have a U.
struct CellBlocks {
  Index gates = 4;     // G, of W
  Index at_once = 4;   // of U, that multiply h(t-1); those behind them multiply what the first half
                       // of a step gives. 0: the cells have no U
  Index unbiased = 0;  // the first ones, which have no bias
  Index apart = 0;     // the last ones, where the bias of U h stays beside U h

  // Whether a step of the cells comes in two halves with a product between them.
  EDGEVAL_HD bool in_halves() const { return at_once > 0 && at_once < gates; }
  // Of the sums that stand beside W x; zeros, as many as W x has, where there is no U.
  EDGEVAL_HD Index of_sums() const { return at_once > 0 ? at_once : gates; }
  bool operator==(const CellBlocks&) const = default;
};

// Plain LSTM cells by default.
struct CellType {
  int kind = 0;  // place in RecurrentKinds (host/layer/kinds.hpp)
  CellForm form = {};
  CellBlocks blocks = {};
  bool operator==(const CellType&) const = default;
};

}  // namespace edgeval
