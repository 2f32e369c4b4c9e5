// The weights axis: what is done to the weights once, when a model is loaded (docs/weights.md). A
// new choice takes a header and a place in the list here.
#pragma once

#include <variant>

#include "host/technique/weights/as_trained.hpp"
#include "host/technique/weights/balanced.hpp"
#include "host/technique/weights/binary.hpp"
#include "host/technique/weights/block_circulant.hpp"
#include "host/technique/weights/fixed_point.hpp"
#include "host/technique/weights/multi_bit.hpp"
#include "host/technique/weights/power_of_two.hpp"
#include "host/technique/weights/pruned.hpp"
#include "host/technique/weights/quaternary.hpp"
#include "host/technique/weights/ternary.hpp"

namespace edgeval {

// The first is the neutral choice (technique.hpp).
using Weights = std::variant<AsTrained, FixedPoint, PowerOfTwo, Binary, Ternary, Quaternary,
                             MultiBit, Balanced, Pruned, BlockCirculant>;

}  // namespace edgeval
