#include "eval/command/sweep/ranks.hpp"

#include <algorithm>
#include <cstdlib>

namespace edgeval {
namespace {

int number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

}  // namespace

// These are what Open MPI and MPICH, and Slurm's srun with PMIx, tell the processes that they
// start.
bool started_by_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

// PMIx tells the rank alone, and Slurm the size.
int processes_of_mpi() {
  if (!started_by_mpi()) return 1;
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (const int size = number_of(name); size > 0) return size;
  return std::max(1, number_of("PMIX_RANK") + 1);
}

}  // namespace edgeval
