// What operating points have in common, layer by layer: points that make the same choices for all
// layers up to one share the work of all these layers.
#pragma once

#include <span>
#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval {

// The most bytes of outputs that are held for several points at once, behind each layer of the CPU
// engine and behind an encoder; those of one point may be more.
inline constexpr Index kMostBytesAtOnce = Index{64} << 20;

// The choices that points make for the layers of a model's stack. Equal choices have equal numbers.
class LayerChoices {
 public:
  LayerChoices(std::span<const OperatingPoint> points, std::size_t layers);

  // Parts `points`, numbers of points, by the choice that they make for the layer; the parts are in
  // the order of their first points.
  std::vector<std::vector<Index>> parts(std::span<const Index> points, std::size_t layer) const;

 private:
  std::vector<std::vector<Index>> numbers_;  // [layer][point]
};

// Parts numbers of points by their beams, or the want of one.
std::vector<std::vector<Index>> parts_by_beam(std::span<const OperatingPoint> points,
                                              std::span<const Index> chosen);

// Returns numbers that are equal for policies under which lanes may run side by side in one block
// of a layer: they have the same types of choices, and the same parameters of all that is not a
// rule of each lane.
std::vector<double> launch_numbers(const LayerPolicy& policy);

}  // namespace edgeval
