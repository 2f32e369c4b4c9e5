// For builds with MPI. MPI is started only where mpirun has started the process, since starting it
// takes a while.
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <vector>

#include "eval/command/sweep/ranks.hpp"

namespace edgeval {

Ranks::Ranks(bool /*have_shards*/) {
  if (!started_by_mpi()) return;
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
  MPI_Comm_rank(machine, &rank_on_machine_);
  int on_machine = 1;
  MPI_Comm_size(machine, &on_machine);
  cpu_set_t own;
  CPU_ZERO(&own);
  ::sched_getaffinity(0, sizeof(own), &own);
  std::vector<cpu_set_t> all(static_cast<std::size_t>(on_machine));
  MPI_Allgather(&own, sizeof(own), MPI_BYTE, all.data(), sizeof(own), MPI_BYTE, machine);
  size_on_processors_ = static_cast<int>(std::ranges::count_if(
      all, [&](const cpu_set_t& other) { return CPU_EQUAL(&own, &other) != 0; }));
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
