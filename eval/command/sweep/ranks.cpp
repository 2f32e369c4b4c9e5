#include "eval/command/sweep/ranks.hpp"

#include <cstdlib>

namespace edgeval {

// These are what Open MPI and MPICH, and Slurm's srun with PMIx, tell the processes that they
// start.
bool started_by_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

}  // namespace edgeval
