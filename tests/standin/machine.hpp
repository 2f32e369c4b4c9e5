// What the stand-in keeps: devices with their memory, streams as queues of work that nobody has run
// yet, events, graphs. Work runs when the program waits for it, in any order that streams and
// events allow. One mutex guards all of it.
#pragma once

#include <cuda_runtime.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/standin/random.hpp"

namespace edgeval::standin {

using Work = std::function<void()>;

// A point in a stream's work, reached or not.
struct Ticket {
  bool reached = false;
};

struct Task {
  Work work = {};                       // or
  std::shared_ptr<Ticket> record = {};  // reached when the task's turn comes, or
  std::shared_ptr<Ticket> wait = {};    // what must have been reached before
};

}  // namespace edgeval::standin

struct CUgraph_st {
  std::vector<edgeval::standin::Work> nodes;
  int device = 0;
};
struct CUgraphExec_st {
  std::shared_ptr<const std::vector<edgeval::standin::Work>> nodes;
  int device = 0;
};
struct CUstream_st {
  int device = 0;
  long number = 0;  // of its making
  std::deque<edgeval::standin::Task> tasks = {};
  std::unique_ptr<CUgraph_st> capture = {};  // what is recorded into, if anything is
  bool invalidated = false;
};
struct CUevent_st {
  int device = 0;
  std::shared_ptr<edgeval::standin::Ticket> last = {};  // null: never recorded
};

namespace edgeval::standin {

constexpr int kDevices = 2;

struct Allocation {
  std::size_t bytes;
  int device;  // -1: pinned host memory
};

class Machine {
 public:
  static Machine& get();
  bool freed_memory_is_untouched() const;

  // Every call of the runtime holds one. ok(): the call may go on; else error() says why not.
  class Call {
   public:
    explicit Call(bool during_capture = true);
    bool ok() const { return error_ == cudaSuccess; }
    cudaError_t error() const { return error_; }
    // The call's answer, remembered for cudaGetLastError unless it is good.
    cudaError_t answer(cudaError_t error, const std::string& why = "") const;

   private:
    std::lock_guard<std::recursive_mutex> lock_;
    cudaError_t error_ = cudaSuccess;
  };

  // Memory.
  cudaError_t allocate(void** data, std::size_t bytes, int device);
  cudaError_t release(void* data, bool pinned);
  // Whether [data, data + bytes) lies in one block of memory of the device.
  bool holds(int device, const void* data, std::size_t bytes) const;
  bool take_allocation();  // counts one; false: it is to fail
  std::size_t used(int device) const;

  // Work.
  bool known(cudaStream_t stream) const { return known_streams.contains(stream); }
  cudaError_t enqueue(cudaStream_t stream, Task task, int device);
  void start(std::uint64_t seed);
  cudaError_t run_until(const Ticket& ticket);
  cudaError_t run_all(int device);
  bool capturing() const;
  void invalidate_captures();

  std::recursive_mutex mutex;
  std::uint64_t first_seed = 1;
  Order order{1};
  bool at_once = false;  // work runs when it is given, until the next wait
  // In the order of their making, which no address decides.
  struct Older {
    bool operator()(cudaStream_t a, cudaStream_t b) const { return a->number < b->number; }
  };
  std::set<cudaStream_t, Older> streams;
  std::unordered_set<cudaStream_t> known_streams;
  long streams_made = 0;
  std::set<cudaEvent_t> events;
  std::set<cudaGraph_t> graphs;
  std::set<cudaGraphExec_t> executables;
  std::set<const void*> library_calls;  // handles that multiplied, outside a recording
  long library_handles = 0;
  std::map<const std::byte*, Allocation> memory;
  std::unordered_map<const void*, int> dynamic_bytes;  // that kernels were allowed
  std::size_t device_bytes = std::size_t{8} << 30;
  long allocations = 0, calls = 0, fail_allocation_at = 0, fail_call_at = 0;
  cudaError_t broken = cudaSuccess;  // a kernel failed: every call does from now on
  std::string fault;

 private:
  Machine();
  cudaStream_t choose(int policy, const Ticket* wanted, int device);
  cudaError_t run_one(cudaStream_t stream);
  void set_aside(void* data, std::size_t bytes);

  std::deque<std::pair<void*, std::size_t>> freed_;
  std::size_t freed_bytes_ = 0;
};

// Of the thread of the system that calls.
int& current_device();
cudaError_t& last_error();

}  // namespace edgeval::standin
