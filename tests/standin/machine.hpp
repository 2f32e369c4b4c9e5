// The state of the stand-in: devices with their memory, streams as queues of work that has not run
// yet, events and graphs. Work runs when the program waits for it, in any order that streams and
// events allow. One mutex guards the whole state.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/standin/random.hpp"

namespace edgeval::standin {

using Work = std::function<void()>;

// A point in the work of a stream, and whether it was reached.
struct Ticket {
  bool reached = false;
};

// One entry in the queue of a stream, with one of these members.
struct Task {
  Work work = {};                       // work to run
  std::shared_ptr<Ticket> record = {};  // point that is reached when the task's turn comes
  std::shared_ptr<Ticket> wait = {};    // point that must be reached before the next task
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
  long number = 0;  // number of streams that were made before
  std::deque<edgeval::standin::Task> tasks = {};
  std::unique_ptr<CUgraph_st> capture = {};  // graph that the stream records into, or null
  // The only thread whose calls the recording forbids; none: those of all threads.
  std::thread::id forbids = {};
  bool invalidated = false;
};
struct CUevent_st {
  int device = 0;
  std::shared_ptr<edgeval::standin::Ticket> last = {};  // last record; null: never recorded
};

namespace edgeval::standin {

constexpr int kDevices = 2;

struct Allocation {
  std::size_t bytes;
  int device;  // number of the device; -1 for pinned host memory
};

class Machine {
 public:
  static Machine& get();
  bool freed_memory_is_untouched() const;

  // Every call of the runtime holds a Call. If ok(), the call may go on; else error() says why not.
  class Call {
   public:
    explicit Call(bool during_capture = true);
    bool ok() const { return error_ == cudaSuccess; }
    cudaError_t error() const { return error_; }
    // Returns `error`, the call's answer, and keeps it for cudaGetLastError unless it is success.
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
  bool take_allocation();  // counts an allocation, and returns false if it is to fail
  std::size_t used(int device) const;
  std::size_t free_bytes(int device) const;

  // Work.
  bool known(cudaStream_t stream) const { return known_streams.contains(stream); }
  cudaError_t enqueue(cudaStream_t stream, Task task, int device);
  void start(std::uint64_t seed);
  cudaError_t run_until(const Ticket& ticket);
  cudaError_t run_all(int device);
  // Whether a stream records a graph and forbids this thread to allocate or wait.
  bool capturing() const;
  void invalidate_captures();  // those that forbid so

  std::recursive_mutex mutex;
  std::uint64_t first_seed = 1;
  Order order{1};
  bool at_once = false;  // whether work runs as soon as it is given, until the next wait
  // Orders streams by when they were made, so that no address decides their order.
  struct Older {
    bool operator()(cudaStream_t a, cudaStream_t b) const { return a->number < b->number; }
  };
  std::set<cudaStream_t, Older> streams;
  std::unordered_set<cudaStream_t> known_streams;
  long streams_made = 0;
  std::set<cudaEvent_t> events;
  std::set<cudaGraph_t> graphs;
  std::set<cudaGraphExec_t> executables;
  std::set<const void*> library_calls;  // handles that multiplied outside a recording
  long library_handles = 0;
  std::map<const std::byte*, Allocation> memory;
  std::unordered_map<const void*, int> dynamic_bytes;  // dynamic shared memory allowed to kernels
  std::array<std::size_t, kDevices> device_bytes = {std::size_t{8} << 30, std::size_t{8} << 30};
  long allocations = 0, calls = 0, fail_allocation_at = 0, fail_call_at = 0;
  std::size_t bytes_to_device = 0;   // of all copies from the host so far
  cudaError_t broken = cudaSuccess;  // error of a kernel that failed; every call gives it since
  std::string fault;

 private:
  Machine();
  static bool forbids_this_thread(cudaStream_t stream);
  cudaStream_t choose(int policy, const Ticket* wanted, int device);
  cudaError_t run_one(cudaStream_t stream);
  void set_aside(void* data, std::size_t bytes);

  std::deque<std::pair<void*, std::size_t>> freed_;
  std::size_t freed_bytes_ = 0;
};

// The device and the last error of the calling thread.
int& current_device();
cudaError_t& last_error();

}  // namespace edgeval::standin
