// Completes a lane's activity: what follows from the shapes, the steps that ran and the elements
// that changed.
#pragma once

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// `activity` holds the changed and zero elements and what was selected already; steps: frames of
// the lane, running: those that ran, in full or as pseudo-skips.
void complete_lane(LayerActivity& activity, const LayerPolicy& policy, Index steps, Index running);

// The layer's shapes with operands and weights as wide as the policy has them.
std::vector<LayerShape> layer_shapes(const Layer& layer, const LayerPolicy& policy);

// The counts of one utterance of `steps` steps that run and change everything, as many that are
// skipped where the plan may skip, and zeros among the operands: what kinds of work a point does.
Activity busiest_activity(const Model& model, const OperatingPoint& point, Index steps);

}  // namespace edgeval
