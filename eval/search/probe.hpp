// Asks the rules of policies about what varies, before points are drawn: which ranges have whole
// numbers alone, and which values no point can have.
#pragma once

#include <string>
#include <vector>

#include "eval/search/points.hpp"

namespace edgeval {

// Sets `whole` of the ranges whose parameter takes whole numbers alone (find_whole of vary.hpp).
// Combinations of a few values of each range and of all values of the lists are tried, at most
// about a thousand where hardly any is allowed. Where none is, the ranges stay as they are, and the
// first with its reason is returned; otherwise nothing is.
// Throws Error
// - as `make` does, where it refuses the policy whatever varies,
// - naming the option, where what it gives is refused beside every value of the others,
// - naming the option and the value, where that value of a list is, and others are not.
std::string probe(std::vector<Dimension>& dimensions, const MakePoint& make);

}  // namespace edgeval
