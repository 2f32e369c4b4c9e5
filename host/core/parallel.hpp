// A loop over independent, coarse tasks on several threads.
#pragma once

#include <functional>

#include "host/core/matrix.hpp"

namespace edgeval {

// The number of threads of this process that run at once: of the machine's processors, those to
// which the process is bound (taskset, mpirun, a container).
int hardware_threads();

// Calls task(i) once for every i in [0, count), on up to `threads` threads, in no fixed order.
// Tasks are handed out from 0 upwards, so the long ones should come first. Where the system gives
// fewer threads, those do all tasks. An exception of a task stops the loop and is thrown again
// here.
void parallel_for(Index count, int threads, const std::function<void(Index)>& task);

}  // namespace edgeval
