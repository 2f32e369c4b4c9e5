#include "tests/standin/machine.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/standin/control.hpp"
#include "tests/standin/fault.hpp"

namespace edgeval::standin {
namespace {

constexpr std::size_t kAlignment = 256;                     // alignment of device memory in bytes
constexpr std::size_t kMostFreed = std::size_t{256} << 20;  // bytes of freed memory that are kept

}  // namespace

int& current_device() {
  thread_local int device = 0;
  return device;
}

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

Machine& Machine::get() {
  static Machine machine;
  return machine;
}

Machine::Machine() {
  if (const char* value = std::getenv("EDGEVAL_STANDIN_SEED"))
    first_seed = std::strtoull(value, nullptr, 10);
  start(first_seed);
}

Machine::Call::Call(bool during_capture) : lock_(Machine::get().mutex) {
  Machine& machine = Machine::get();
  ++machine.calls;
  if (machine.broken != cudaSuccess) {
    error_ = machine.broken;
  } else if (machine.fail_call_at != 0 && machine.calls == machine.fail_call_at) {
    error_ = cudaErrorUnknown;
    machine.fault = "this call was told to fail";
  } else if (!during_capture && machine.capturing()) {
    machine.invalidate_captures();
    machine.fault = "a call that allocates or waits, while a stream records a graph";
    error_ = cudaErrorStreamCaptureUnsupported;
  }
  if (error_ != cudaSuccess) last_error() = error_;
}

cudaError_t Machine::Call::answer(cudaError_t error, const std::string& why) const {
  if (error == cudaSuccess) return error;
  last_error() = error;
  if (!why.empty()) Machine::get().fault = why;
  return error;
}

bool Machine::take_allocation() {
  ++allocations;
  if (fail_allocation_at == 0 || allocations != fail_allocation_at) return true;
  fault = "this allocation was told to fail";
  return false;
}

std::size_t Machine::free_bytes(int device) const {
  const std::size_t all = device_bytes[static_cast<std::size_t>(device)];
  return all - std::min(all, used(device));
}

std::size_t Machine::used(int device) const {
  std::size_t bytes = 0;
  for (const auto& [data, allocation] : memory)
    if (allocation.device == device) bytes += allocation.bytes;
  return bytes;
}

cudaError_t Machine::allocate(void** data, std::size_t bytes, int device) {
  *data = nullptr;
  if (!take_allocation()) return cudaErrorMemoryAllocation;
  if (bytes == 0) return device < 0 ? cudaErrorInvalidValue : cudaSuccess;
  if (device >= 0 && bytes > free_bytes(device)) {
    fault = "the device has no more memory";
    return cudaErrorMemoryAllocation;
  }
  if (posix_memalign(data, kAlignment, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*data, 0xFF, bytes);
  memory[static_cast<std::byte*>(*data)] = {bytes, device};
  return cudaSuccess;
}

// Frees memory. AddressSanitizer watches freed memory. Without it the memory is kept for a while
// and filled with bytes 0xFF, so that nobody who still uses it gets values that look right.
void Machine::set_aside(void* data, std::size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  static_cast<void>(bytes);
  std::free(data);
#else
  std::memset(data, 0xFF, bytes);
  freed_.emplace_back(data, bytes);
  freed_bytes_ += bytes;
  while (freed_bytes_ > kMostFreed) {
    std::free(freed_.front().first);
    freed_bytes_ -= freed_.front().second;
    freed_.pop_front();
  }
#endif
}

bool Machine::freed_memory_is_untouched() const {
  for (const auto& [data, bytes] : freed_) {
    const auto* const first = static_cast<const unsigned char*>(data);
    if (!std::all_of(first, first + bytes, [](unsigned char byte) { return byte == 0xFF; }))
      return false;
  }
  return true;
}

cudaError_t Machine::release(void* data, bool pinned) {
  if (data == nullptr) return cudaSuccess;
  const auto found = memory.find(static_cast<std::byte*>(data));
  if (found == memory.end() || (found->second.device < 0) != pinned) {
    fault = "memory is given back that was not taken";
    return cudaErrorInvalidValue;
  }
  // A device finishes its work before its memory is freed. Nothing says so of pinned memory.
  const cudaError_t error =
      broken == cudaSuccess && !pinned ? run_all(found->second.device) : cudaSuccess;
  const std::size_t bytes = found->second.bytes;
  memory.erase(found);
  set_aside(data, bytes);
  return error;
}

bool Machine::holds(int device, const void* data, std::size_t bytes) const {
  auto next = memory.upper_bound(static_cast<const std::byte*>(data));
  if (next == memory.begin()) return false;
  const auto& [first, allocation] = *std::prev(next);
  return allocation.device == device &&
         static_cast<const std::byte*>(data) + bytes <= first + allocation.bytes;
}

bool Machine::forbids_this_thread(cudaStream_t stream) {
  return stream->capture &&
         (stream->forbids == std::thread::id() || stream->forbids == std::this_thread::get_id());
}

bool Machine::capturing() const { return std::ranges::any_of(streams, forbids_this_thread); }

void Machine::invalidate_captures() {
  for (cudaStream_t stream : streams)
    if (forbids_this_thread(stream)) stream->invalidated = true;
}

// Gives a stream a task that uses `device`, or no device if that is -1.
cudaError_t Machine::enqueue(cudaStream_t stream, Task task, int device) {
  if (!known(stream)) {
    fault = "no such stream (the default stream has no stand-in)";
    return cudaErrorInvalidResourceHandle;
  }
  if (device >= 0 && device != stream->device) {
    fault = "the stream belongs to another device";
    return cudaErrorInvalidResourceHandle;
  }
  if (!stream->capture) {
    stream->tasks.push_back(std::move(task));
    if (at_once && broken == cudaSuccess)
      static_cast<void>(run_all(-1));  // a later call reports a fault
    return cudaSuccess;
  }
  if (stream->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (!task.work) {
    stream->invalidated = true;
    fault = "the stand-in records no events into graphs";
    return cudaErrorStreamCaptureUnsupported;
  }
  stream->capture->nodes.push_back(std::move(task.work));
  return cudaSuccess;
}

void Machine::start(std::uint64_t seed) {
  order = Order(seed);
  at_once = order.below(4) == 0;
}

cudaError_t Machine::run_one(cudaStream_t stream) {
  Task task = std::move(stream->tasks.front());
  stream->tasks.pop_front();
  if (task.record) task.record->reached = true;
  if (!task.work) return cudaSuccess;
  try {
    task.work();
    return cudaSuccess;
  } catch (const KernelFault& what) {
    fault = what.what();
    return broken = cudaErrorLaunchFailure;
  }
}

// Returns a stream of the device (-1: of any device) whose next task may run, or null. `policy` is
// 0 for any such stream, 1 for the stream that records `wanted`, and 2 for another one than that.
cudaStream_t Machine::choose(int policy, const Ticket* wanted, int device) {
  std::vector<cudaStream_t> able, leading;
  for (cudaStream_t stream : streams) {
    if (stream->tasks.empty() || (device >= 0 && stream->device != device)) continue;
    const Task& next = stream->tasks.front();
    if (next.wait && !next.wait->reached) continue;
    able.push_back(stream);
    for (const Task& task : stream->tasks)
      if (task.record.get() == wanted) leading.push_back(stream);
  }
  if (able.empty()) return nullptr;
  if (policy == 1 && !leading.empty()) return leading.front();
  if (policy == 2 && able.size() > leading.size() && !leading.empty())
    std::erase(able, leading.front());
  return able[order.below(able.size())];
}

cudaError_t Machine::run_until(const Ticket& ticket) {
  if (broken != cudaSuccess) return broken;  // work that ran at once may have failed
  const int policy = static_cast<int>(order.below(3));
  while (!ticket.reached) {
    const cudaStream_t stream = choose(policy, &ticket, -1);
    if (stream == nullptr) {
      fault = "a stream waits for what nobody will do";
      return broken = cudaErrorLaunchFailure;
    }
    if (const cudaError_t error = run_one(stream); error != cudaSuccess) return error;
  }
  at_once = order.below(4) == 0;
  return cudaSuccess;
}

cudaError_t Machine::run_all(int device) {
  while (const cudaStream_t stream = choose(0, nullptr, device))
    if (const cudaError_t error = run_one(stream); error != cudaSuccess) return error;
  return cudaSuccess;
}

void seed(std::uint64_t value) {
  const std::lock_guard lock(Machine::get().mutex);
  Machine::get().start(value);
}
std::size_t live_bytes() {
  const std::lock_guard lock(Machine::get().mutex);
  std::size_t bytes = 0;
  for (const auto& [data, allocation] : Machine::get().memory) bytes += allocation.bytes;
  return bytes;
}
bool freed_memory_is_untouched() {
  const std::lock_guard lock(Machine::get().mutex);
  return Machine::get().freed_memory_is_untouched();
}
long live_objects() {
  const Machine& machine = Machine::get();
  const std::lock_guard lock(Machine::get().mutex);
  return static_cast<long>(machine.streams.size() + machine.events.size() + machine.graphs.size() +
                           machine.executables.size() + machine.memory.size()) +
         machine.library_handles;
}
void set_memory(std::size_t bytes) {
  const std::lock_guard lock(Machine::get().mutex);
  Machine::get().device_bytes.fill(bytes);
}
void set_memory(int device, std::size_t bytes) {
  const std::lock_guard lock(Machine::get().mutex);
  Machine::get().device_bytes.at(static_cast<std::size_t>(device)) = bytes;
}
long allocations() { return Machine::get().allocations; }
long calls() { return Machine::get().calls; }
std::size_t bytes_to_device() { return Machine::get().bytes_to_device; }
void fail_allocation(long k) {
  const std::lock_guard lock(Machine::get().mutex);
  Machine::get().fail_allocation_at = k == 0 ? 0 : Machine::get().allocations + k;
}
void fail_call(long k) {
  const std::lock_guard lock(Machine::get().mutex);
  Machine::get().fail_call_at = k == 0 ? 0 : Machine::get().calls + k;
}
void recover() {
  Machine& machine = Machine::get();
  const std::lock_guard lock(machine.mutex);
  machine.broken = cudaSuccess;
  last_error() = cudaSuccess;
  for (cudaStream_t stream : machine.streams) stream->tasks.clear();
}
const char* last_fault() { return Machine::get().fault.c_str(); }

}  // namespace edgeval::standin
