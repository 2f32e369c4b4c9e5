// Reads the option --vary, which says what a sweep varies (docs/formats/sweep.md, "Points of a
// sweep"): KEY=LOW:HIGH[:STEPS][:log] is a range of numbers, KEY=a,b,c a list of values. Several
// keys with commas between them are tied, and layers.GLOB.KEY stands for every layer whose name
// fits.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/search/dimension.hpp"

namespace edgeval {

// Returns the dimensions of the options, in their order; a glob gives one for each layer, in the
// order of `layer_names`, that fits and whose expanded key accepts() takes, so that
// layers.*.plan.threshold leaves out linear layers. Keys without a glob are not asked about.
// Throws Error naming the option where it is no such thing, where a key varies twice, and where a
// glob fits no layer or no layer takes the key.
std::vector<Dimension> parse_vary(std::span<const std::string> given,
                                  std::span<const std::string> layer_names,
                                  const std::function<bool(const std::string& key)>& accepts);

// Sets `whole` of a range where its parameter takes whole numbers alone: where, of three
// neighbouring values n, n + 0.5 and n + 1 in the range, accepted() takes the first and the last
// and not the one between. It asks at both ends and in the middle. Lists, ranges with fewer than
// two whole numbers and those that reach 10^15 stay as they are. Throws Error when the
// parameter is whole and an end of the range is not.
void find_whole(Dimension& dimension,
                const std::function<bool(const std::string& value)>& accepted);

}  // namespace edgeval
