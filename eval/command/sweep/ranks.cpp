#include "eval/command/sweep/ranks.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

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

void run_on_ranks(const Ranks& ranks, const std::function<void()>& work) {
  if (ranks.size() == 1) return work();
  const auto end = [&](const std::exception& error, int code) {
    // As a whole, since mpirun writes lines of its own between those that it is handed in parts.
    std::cerr << concat("edgeval: process ", ranks.rank(), " of ", ranks.size(), ": ",
                        printable(error.what()), "\n")
              << std::flush;
    ranks.abort(code);
  };
  try {
    work();
  } catch (const Error& error) {
    end(error, 1);
  } catch (const std::exception& error) {
    end(error, 2);
  }
}

}  // namespace edgeval
