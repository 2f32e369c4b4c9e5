// The processes that sweep together, as mpirun starts them. Without mpirun there is one. With MPI
// in the build the functions are in ranks_mpi.cpp, else in ranks_alone.cpp.
#pragma once

#include <functional>
#include <string>

namespace edgeval {

// Whether mpirun, or another starter of MPI programs, has started this process.
bool started_by_mpi();
// How many processes it has started, as far as the environment tells; 1 where it has started none.
int processes_of_mpi();

class Ranks {
 public:
  // Throws Error when mpirun has started several processes and the build has no MPI, unless
  // --shard has given each its share.
  explicit Ranks(bool have_shards);
  Ranks(const Ranks&) = delete;
  ~Ranks();

  int rank() const { return rank_; }  // from 0
  int size() const { return size_; }
  int rank_on_machine() const { return rank_on_machine_; }
  // How many processes of this machine may run on the same processors as this one, itself included.
  int size_on_processors() const { return size_on_processors_; }

  // Waits until every process has come here.
  void wait() const;
  // Ends all processes with this exit code. Returns where there is one process.
  void abort(int code) const;

 private:
  int rank_ = 0, size_ = 1;
  int rank_on_machine_ = 0, size_on_processors_ = 1;
};

// Calls work(). Where there are several processes, one that fails says so and ends all.
void run_on_ranks(const Ranks& ranks, const std::function<void()>& work);

}  // namespace edgeval
