// The literal forms of literal.hpp in integers, for the arithmetics int16 and int8
// (docs/techniques.md, "Integer arithmetic"). Every value is a whole number and its format, every
// rounding is a division of whole numbers, and the tables of sigmoid and tanh come from long
// double. Nothing of host/numeric is used. Correcting a sum of integers is exact, so an engine must
// give the same results bit for bit.
#pragma once

#include "tests/literal/literal.hpp"

namespace edgeval::test {

// Runs a layer on the input [T, C] under a policy whose arithmetic is not fp32. Margins are not
// noted.
LiteralLayer literal_fixed_layer(const Layer& layer, const LayerPolicy& policy,
                                 MatrixView<const float> input);

}  // namespace edgeval::test
