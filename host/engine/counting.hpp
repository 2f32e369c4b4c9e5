// Completes a lane's activity: what follows from the shapes, the steps that ran and the elements that changed.
#pragma once

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// `activity` holds the changed and zero elements already; steps: frames of the lane, running: those that ran.
void complete_lane(LayerActivity& activity, const LayerPolicy& policy, Index steps, Index running);

}  // namespace edgeval
