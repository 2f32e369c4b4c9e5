// For builds with MPI. MPI is started only where mpirun has started the process, since starting it
// takes a while.
#include <mpi.h>

#include "eval/command/sweep/ranks.hpp"

namespace edgeval {

Ranks::Ranks() {
  if (!started_by_mpi()) return;
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
  MPI_Comm_rank(machine, &rank_on_machine_);
  MPI_Comm_size(machine, &size_on_machine_);
  MPI_Comm_free(&machine);
}

Ranks::~Ranks() {
  if (started_by_mpi()) MPI_Finalize();
}

void Ranks::wait() const {
  if (started_by_mpi()) MPI_Barrier(MPI_COMM_WORLD);
}

void Ranks::abort(int code) const {
  if (started_by_mpi()) MPI_Abort(MPI_COMM_WORLD, code);
}

}  // namespace edgeval
