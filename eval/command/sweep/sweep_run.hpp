// Sweeps: makes the points, runs them on the test set block by block, and writes the tables.
#pragma once

#include "eval/command/sweep/sweep_options.hpp"

namespace edgeval {

// Does what is asked. Under mpirun the processes share the work, and the first one writes the
// tables. Throws Error for mistakes of the user, before the long work begins.
void run_sweep(const SweepOptions& options);

}  // namespace edgeval
