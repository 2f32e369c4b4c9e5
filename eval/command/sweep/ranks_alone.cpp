// For builds without MPI.
#include "eval/command/sweep/ranks.hpp"
#include "host/core/error.hpp"

namespace edgeval {

Ranks::Ranks() {
  EDGEVAL_EXPECTS(
      !started_by_mpi(),
      "mpirun started this edgeval, which was built without MPI; install libopenmpi-dev "
      "and build again, or take --shard");
}
Ranks::~Ranks() = default;
void Ranks::wait() const {}
void Ranks::abort(int /*code*/) const {}

}  // namespace edgeval
