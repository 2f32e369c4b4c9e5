// What a recurrent layer leaves behind when its sequences end; a decoder starts from it.
#pragma once

#include "host/core/matrix.hpp"

namespace edgeval {

// The last h and c of every lane, for one direction of a layer.
struct FinalStates {
  Matrix<float> h, c;  // [N, H or P]; [N, H], in units of 1
};

}  // namespace edgeval
