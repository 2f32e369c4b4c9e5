// The operand axis: what enters the dot products. A new choice takes a header and a place in the
// list here.
#pragma once

#include <variant>

#include "host/technique/as_is.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/dynamic_precision.hpp"
#include "host/technique/memoized.hpp"
#include "host/technique/reuse.hpp"

namespace edgeval {

// The first is the neutral choice (technique.hpp).
using OperandChoice = std::variant<AsIs, Reuse, Delta, DynamicPrecision, Memoized>;

}  // namespace edgeval
