// The order in which the GPU engine runs the layers of many operating points: a walk of the tree of
// their choices, from the root to the leaves, and the device memory that holds what passes between
// layers. It is known before anything runs, so that all memory can be taken first.
#pragma once

#include "host/engine/shared_layers.hpp"

namespace edgeval::gpu {

// Points that make one choice for a stage's layer, and one for each layer before.
struct Shoot {
  Index from;                 // number of the branch, among those of the stage's input
  std::vector<Index> points;  // numbers of points of the call
};

// One layer, run for several branches side by side. Its input holds the branches that the stage
// before it in the tree has grown, one after the other; the features are the only branch of the
// first layers. What a branch's frames gave lies in the output in the order of `shoots`.
struct Stage {
  Index layer = 0;
  Index branches = 1;           // of the input
  Index input = 0, output = 0;  // numbers of slots
  Index spare = 0;              // behind the last layer: a slot that nobody needs then
  std::vector<Shoot> shoots;
  std::vector<const LayerPolicy*> policies;  // of each shoot, for this layer; the call's points

  // Returns whether the frames of shoot s lie in the input where they lie in the output.
  bool keeps_places() const {
    for (std::size_t s = 0; s < shoots.size(); ++s)
      if (shoots[s].from != static_cast<Index>(s)) return false;
    return true;
  }
};

struct Schedule {
  std::vector<Stage> stages;  // the output of one is that of its last layer where it is a leaf
  Index slots = 1;            // slot 0 holds the features at first
  Index side_by_side = 1;     // the most shoots of a stage
};

// How a schedule is made.
struct ScheduleOptions {
  std::size_t layers;           // of the model's stack, at least 1
  Index most_side_by_side = 1;  // shoots of a stage
  bool spare = false;           // whether stages of the last layer need a spare slot
};

// Returns a schedule for some points of a call. The number of slots is bounded by the number of
// layers, whatever the number of points.
Schedule make_schedule(std::span<const OperatingPoint> points, const LayerChoices& choices,
                       const std::vector<Index>& chosen, const ScheduleOptions& options);

}  // namespace edgeval::gpu
