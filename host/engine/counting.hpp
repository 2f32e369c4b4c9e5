// Completes a lane's activity: what follows from the shapes, the steps that ran and the elements
// that changed.
#pragma once

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// Completes the activity of one lane, which already holds the changed and zero elements and what
// its selection counted. steps: number of the lane's frames; running: how many of them ran, in full
// or as pseudo-skips.
void complete_lane(LayerActivity& activity, const LayerPolicy& policy, Index steps, Index running);

// Returns the shape of each direction of the layer, with operands and weights of as many bits as
// the policy gives them.
std::vector<LayerShape> layer_shapes(const Layer& layer, const LayerPolicy& policy);

// Returns the counts of an imagined utterance that shows every kind of work a point does: `steps`
// steps run and change every element, as many more are skipped where the plan may skip, and every
// element is counted as a zero, too. `sizes` are those of the weights of each layer and direction
// (layer_sizes); the values of the model's weights are not read, so that the model as trained
// serves for every choice of the weights axis.
Activity busiest_activity(const Model& model, const OperatingPoint& point, Index steps,
                          std::span<const CompressedSize> sizes);
// Does the same with the sizes of the model's own weights.
Activity busiest_activity(const Model& model, const OperatingPoint& point, Index steps);

}  // namespace edgeval
