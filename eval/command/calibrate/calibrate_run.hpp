// Calibrations: searches on the development set, confirms on the confirm set, and writes what came
// of it.
#pragma once

#include "eval/command/calibrate/calibrate_options.hpp"

namespace edgeval {

// Does what is asked. Under mpirun the processes share the work, and the first one writes. Throws
// Error for mistakes of the user, before the long work begins.
void run_calibrate(const CalibrateOptions& options);

}  // namespace edgeval
