// Implements CUDA's runtime functions on the machine of machine.hpp.
#include <cuda_runtime.h>

#include <algorithm>

#include "tests/standin/block.hpp"
#include "tests/standin/machine.hpp"
#include "tests/standin/shared_memory.hpp"
#include "tests/standin/sites.hpp"

using edgeval::standin::current_device;
using edgeval::standin::Machine;
using edgeval::standin::Task;
using edgeval::standin::Ticket;

namespace {

Machine& machine() { return Machine::get(); }
bool valid_device(int device) { return device >= 0 && device < edgeval::standin::kDevices; }

constexpr bool kNotDuringCapture = false;

}  // namespace

// --- Errors --------------------------------------------------------------------------------------

cudaError_t cudaGetLastError() {
  const std::lock_guard lock(machine().mutex);
  return std::exchange(edgeval::standin::last_error(), machine().broken);
}
cudaError_t cudaPeekAtLastError() { return edgeval::standin::last_error(); }

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidPitchValue:
      return "cudaErrorInvalidPitchValue";
    case cudaErrorInvalidMemcpyDirection:
      return "cudaErrorInvalidMemcpyDirection";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorLaunchOutOfResources:
      return "cudaErrorLaunchOutOfResources";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorUnknown:
      return "cudaErrorUnknown";
  }
  return "unrecognized error code";
}

// Returns what happened in words, which tell more than CUDA's. They hold until the thread's next
// call of this function.
const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaSuccess) return "no error";
  thread_local std::string fault;
  const std::lock_guard lock(machine().mutex);
  return (fault = machine().fault).c_str();
}

// --- Devices and memory --------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int* count) {
  *count = edgeval::standin::kDevices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device();
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!valid_device(device)) return call.answer(cudaErrorInvalidDevice, "no such device");
  current_device() = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!valid_device(device)) return call.answer(cudaErrorInvalidDevice, "no such device");
  *properties = {};
  const std::string name = "stand-in for CUDA on the CPU, device " + std::to_string(device);
  std::copy(name.begin(), name.end(), properties->name);
  properties->major = 9;
  properties->multiProcessorCount = 132;
  properties->totalGlobalMem = machine().device_bytes[static_cast<std::size_t>(device)];
  properties->sharedMemPerBlockOptin = edgeval::standin::SharedMemory::kMostDynamic;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const Machine::Call call(kNotDuringCapture);
  return call.ok() ? call.answer(machine().run_all(current_device())) : call.error();
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  *total = machine().device_bytes[static_cast<std::size_t>(current_device())];
  *free = machine().free_bytes(current_device());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  const Machine::Call call(kNotDuringCapture);
  return call.ok() ? call.answer(machine().allocate(data, bytes, current_device())) : call.error();
}

cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  const Machine::Call call(kNotDuringCapture);
  return call.ok() ? call.answer(machine().allocate(data, bytes, -1)) : call.error();
}

// The memory is freed whatever the call answers, since its owner cannot free it in another way.
cudaError_t cudaFree(void* data) {
  const Machine::Call call(kNotDuringCapture);
  const cudaError_t error = machine().release(data, false);
  return call.ok() ? call.answer(error) : call.error();
}

cudaError_t cudaFreeHost(void* data) {
  const Machine::Call call(kNotDuringCapture);
  const cudaError_t error = machine().release(data, true);
  return call.ok() ? call.answer(error) : call.error();
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}

// Host memory, pinned or not, is read and written when the copy's turn comes.
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > to_pitch || width > from_pitch)
    return call.answer(cudaErrorInvalidPitchValue, "rows are wider than their pitch");
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const auto lies = [&](const void* data, std::size_t pitch, bool device) {
    const std::size_t bytes = pitch * (height - 1) + width;
    for (int d = 0; d < edgeval::standin::kDevices; ++d)
      if (machine().holds(d, data, bytes)) return device && d == stream->device;
    return !device && !machine().holds(0, data, 1) && !machine().holds(1, data, 1);
  };
  if (!lies(to, to_pitch, to_device) || !lies(from, from_pitch, from_device))
    return call.answer(cudaErrorInvalidValue, "a copy's memory does not lie where it says");
  if (kind == cudaMemcpyHostToDevice) machine().bytes_to_device += width * height;
  Task copy{.work = [=] {
    for (std::size_t row = 0; row < height; ++row)
      std::memcpy(static_cast<std::byte*>(to) + row * to_pitch,
                  static_cast<const std::byte*>(from) + row * from_pitch, width);
  }};
  return call.answer(machine().enqueue(stream, std::move(copy), -1));
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (bytes == 0) return cudaSuccess;
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  if (!machine().holds(stream->device, to, bytes))
    return call.answer(cudaErrorInvalidValue, "what is filled is no memory of the device");
  if (edgeval::standin::dropped(edgeval::standin::SiteKind::kFill)) return cudaSuccess;
  return call.answer(
      machine().enqueue(stream, {.work = [=] { std::memset(to, value, bytes); }}, -1));
}

// --- Streams and events --------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  *stream = new CUstream_st{.device = current_device(), .number = machine().streams_made++};
  machine().streams.insert(*stream);
  machine().known_streams.insert(*stream);
  return cudaSuccess;
}

// The work that the stream was given still runs.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Machine::Call call;
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  cudaError_t error = cudaSuccess;
  if (machine().broken == cudaSuccess && !stream->tasks.empty()) {
    const auto last = std::make_shared<Ticket>();
    stream->tasks.push_back({.record = last});
    error = machine().run_until(*last);
  }
  machine().streams.erase(stream);
  machine().known_streams.erase(stream);
  delete stream;
  return call.ok() ? call.answer(error) : call.error();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Machine::Call call(kNotDuringCapture);
  if (!call.ok()) return call.error();
  const auto last = std::make_shared<Ticket>();
  if (const cudaError_t error = machine().enqueue(stream, {.record = last}, -1);
      error != cudaSuccess)
    return call.answer(error);
  return call.answer(machine().run_until(*last));
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Machine::Call call(kNotDuringCapture);
  if (!call.ok()) return call.error();
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  return stream->tasks.empty() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!machine().events.contains(event))
    return call.answer(cudaErrorInvalidResourceHandle, "no such event");
  if (event->last == nullptr) return cudaSuccess;
  if (edgeval::standin::dropped(edgeval::standin::SiteKind::kWait)) return cudaSuccess;
  return call.answer(machine().enqueue(stream, {.wait = event->last}, -1));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  *event = new CUevent_st{.device = current_device()};
  machine().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Machine::Call call;
  if (machine().events.erase(event) == 0)
    return call.answer(cudaErrorInvalidResourceHandle, "no such event");
  delete event;
  return call.error();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!machine().events.contains(event))
    return call.answer(cudaErrorInvalidResourceHandle, "no such event");
  event->last = std::make_shared<Ticket>();
  return call.answer(machine().enqueue(stream, {.record = event->last}, event->device));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Machine::Call call(kNotDuringCapture);
  if (!call.ok()) return call.error();
  if (!machine().events.contains(event))
    return call.answer(cudaErrorInvalidResourceHandle, "no such event");
  if (event->last == nullptr) return cudaSuccess;
  if (edgeval::standin::dropped(edgeval::standin::SiteKind::kWait)) return cudaSuccess;
  return call.answer(machine().run_until(*event->last));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Machine::Call call(kNotDuringCapture);
  if (!call.ok()) return call.error();
  if (!machine().events.contains(event))
    return call.answer(cudaErrorInvalidResourceHandle, "no such event");
  return event->last == nullptr || event->last->reached ? cudaSuccess : cudaErrorNotReady;
}

// --- Graphs --------------------------------------------------------------------------------------

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  if (stream->capture)
    return call.answer(cudaErrorStreamCaptureUnsupported, "the stream records already");
  stream->capture = std::make_unique<CUgraph_st>();
  stream->capture->device = stream->device;
  stream->forbids =
      mode == cudaStreamCaptureModeThreadLocal ? std::this_thread::get_id() : std::thread::id();
  stream->invalidated = false;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Machine::Call call;
  *graph = nullptr;
  if (!machine().known(stream) || !stream->capture)
    return call.answer(cudaErrorInvalidValue, "the stream records nothing");
  const std::unique_ptr<CUgraph_st> recorded = std::move(stream->capture);
  if (std::exchange(stream->invalidated, false))
    return call.answer(cudaErrorStreamCaptureInvalidated);
  if (!call.ok()) return call.error();
  *graph = new CUgraph_st(*recorded);
  machine().graphs.insert(*graph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!machine().known(stream))
    return call.answer(cudaErrorInvalidResourceHandle, "no such stream");
  *status = !stream->capture       ? cudaStreamCaptureStatusNone
            : !stream->invalidated ? cudaStreamCaptureStatusActive
                                   : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  const Machine::Call call(kNotDuringCapture);
  if (!call.ok()) return call.error();
  if (!machine().graphs.contains(graph)) return call.answer(cudaErrorInvalidValue, "no such graph");
  if (!machine().take_allocation()) return call.answer(cudaErrorMemoryAllocation);
  *executable = new CUgraphExec_st{
      std::make_shared<const std::vector<edgeval::standin::Work>>(graph->nodes), graph->device};
  machine().executables.insert(*executable);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (!machine().executables.contains(executable))
    return call.answer(cudaErrorInvalidValue, "no such graph");
  const int device = executable->device;
  for (std::size_t i = 0; i < executable->nodes->size(); ++i) {
    // Tasks that are still to run keep the graph's nodes alive.
    Task node{.work = [nodes = executable->nodes, i] { (*nodes)[i](); }};
    if (const cudaError_t error = machine().enqueue(stream, std::move(node), device);
        error != cudaSuccess)
      return call.answer(error);
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Machine::Call call;
  if (machine().graphs.erase(graph) == 0)
    return call.answer(cudaErrorInvalidValue, "no such graph");
  delete graph;
  return call.error();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  const Machine::Call call;
  if (machine().executables.erase(executable) == 0)
    return call.answer(cudaErrorInvalidValue, "no such graph");
  delete executable;
  return call.error();
}

// --- Launches ------------------------------------------------------------------------------------

namespace edgeval::standin {
namespace {

constexpr std::size_t kMostArgumentBytes = 4096, kMostDynamicBytes = 48 << 10;
constexpr unsigned kMostThreadsOfBlock = 1024, kLargestGridX = 2147483647, kLargestGridYz = 65535;

// Returns the threads that a kernel's launch bounds allow: 32 for each no-operation at its start.
unsigned launch_bound(const void* kernel) {
  const auto* code = static_cast<const unsigned char*>(kernel);
  constexpr unsigned char kBranchTarget[] = {0xF3, 0x0F, 0x1E, 0xFA};
  if (std::equal(std::begin(kBranchTarget), std::end(kBranchTarget), code))
    code += sizeof kBranchTarget;
  unsigned warps = 0;
  while (warps < kMostThreadsOfBlock / 32 && code[warps] == 0x90) ++warps;
  return warps == 0 ? kMostThreadsOfBlock : 32 * warps;
}

std::string what_is_refused(const cudaLaunchConfig_t& config, std::size_t argument_bytes) {
  const dim3 &grid = config.gridDim, &block = config.blockDim;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return "a grid of no blocks";
  if (grid.x > kLargestGridX || grid.y > kLargestGridYz || grid.z > kLargestGridYz)
    return "a grid that is too large";
  if (block.y != 1 || block.z != 1) return "the stand-in has blocks of one dimension";
  if (block.x == 0 || block.x > kMostThreadsOfBlock)
    return "a block of none or more than 1024 threads";
  if (argument_bytes > kMostArgumentBytes) return "more than 4096 bytes of arguments";
  if (config.numAttrs != 0) return "the stand-in knows no attributes of launches";
  return "";
}

}  // namespace

cudaError_t set_function_attribute(const void* kernel, cudaFuncAttribute, int value) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (value < 0 || static_cast<std::size_t>(value) > SharedMemory::kMostDynamic)
    return call.answer(cudaErrorInvalidValue, "more shared memory than a block can have");
  machine().dynamic_bytes[kernel] = value;
  return cudaSuccess;
}

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::size_t argument_bytes,
                   std::function<void()> thread) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (const std::string why = what_is_refused(config, argument_bytes); !why.empty())
    return call.answer(cudaErrorInvalidConfiguration, why);
  if (config.blockDim.x > launch_bound(kernel))
    return call.answer(cudaErrorLaunchOutOfResources,
                       "a block of " + std::to_string(config.blockDim.x) +
                           " threads, where the kernel's launch bounds allow " +
                           std::to_string(launch_bound(kernel)));
  const auto allowed = machine().dynamic_bytes.find(kernel);
  if (config.dynamicSmemBytes > kMostDynamicBytes &&
      (allowed == machine().dynamic_bytes.end() ||
       config.dynamicSmemBytes > static_cast<std::size_t>(allowed->second)))
    return call.answer(cudaErrorInvalidValue,
                       "more than 48 KiB of dynamic shared memory without the attribute");
  const std::size_t most_shared = std::max(
      kMostDynamicBytes,
      allowed == machine().dynamic_bytes.end()
          ? std::size_t{0}
          : std::min(SharedMemory::kMostDynamic,
                     static_cast<std::size_t>(allowed->second) + SharedMemory::kMostStatic));
  GridLaunch grid{config.gridDim, config.blockDim.x, config.dynamicSmemBytes, most_shared,
                  std::move(thread)};
  Task task{.work = [grid = std::move(grid)] { run_grid(grid, machine().order); }};
  return call.answer(machine().enqueue(config.stream, std::move(task), current_device()));
}

}  // namespace edgeval::standin
