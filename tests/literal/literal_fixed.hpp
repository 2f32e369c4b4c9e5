// The literal forms of literal.hpp in integers, for the arithmetics int16 and int8
// (docs/techniques.md, "integer arithmetic"): every value is a whole number and its format, every
// rounding a division of whole numbers, the tables of sigmoid and tanh come from long double.
// Nothing of host/numeric is used. In integers correcting a sum is exact, so that the engine's
// results are these, bit for bit.
#pragma once

#include "tests/literal/literal.hpp"

namespace edgeval::test {

// As literal_layer, for a policy whose arithmetic is not fp32. Margins are not noted.
LiteralLayer literal_fixed_layer(const Layer& layer, const LayerPolicy& policy,
                                 MatrixView<const float> input);

}  // namespace edgeval::test
