// What a recurrent layer leaves behind when its sequences end; a decoder starts from it.
#pragma once

#include "host/core/matrix.hpp"

namespace edgeval {

// Where the lanes of one direction of a layer end, lane by lane.
struct FinalStates {
  Matrix<float> h, c;
};

}  // namespace edgeval
