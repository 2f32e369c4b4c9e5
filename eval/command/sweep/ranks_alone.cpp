// For builds without MPI.
#include "eval/command/sweep/ranks.hpp"
#include "host/core/error.hpp"

namespace edgeval {

Ranks::Ranks(bool have_shards) {
  EDGEVAL_EXPECTS(have_shards || processes_of_mpi() == 1, "mpirun started ", processes_of_mpi(),
                  " processes of this edgeval, which was built without MPI; install libopenmpi-dev "
                  "and build again, or take --shard");
}
Ranks::~Ranks() = default;
void Ranks::wait() const {}
void Ranks::abort(int /*code*/) const {}

}  // namespace edgeval
