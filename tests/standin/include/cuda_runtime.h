// The part of CUDA's runtime that edgeval uses, declared for a plain C++ compiler. Its
// implementation runs kernels on the CPU (tests/standin/README.md). Names, types and values are
// those of CUDA 13.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

#define CUDART_VERSION 13000

// --- Kernels -------------------------------------------------------------------------------------

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) __attribute__((aligned(bytes)))
// A kernel starts with a no-operation instruction for every warp that its launch bounds allow. A
// launch counts these, since only the kernel's code can be reached through its pointer.
#define __launch_bounds__(threads, ...) \
  __attribute__((noinline, patchable_function_entry((threads) / 32)))

struct uint3 {
  unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(4) char4 {
  signed char x, y, z, w;
};
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline char4 make_char4(signed char x, signed char y, signed char z, signed char w) {
  return {x, y, z, w};
}

// The indices of the running thread and the sizes of its grid, which the stand-in sets.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace edgeval::standin {

enum class WarpOperation {
  kSync,
  kShuffle,
  kShuffleDown,
  kShuffleUp,
  kShuffleXor,
  kAdd,
  kMost,
  kLeast,
  kAnd,
  kOr,
  kBallot,
  kMultiplyBytes,  // the value is the address of the lane's ByteProduct
  kLoadMatrices    // the value is the address of the lane's MatrixRow
};

// What a lane holds of a product of bytes by its warp, as mma.m16n8k32 spreads it (PTX ISA).
struct ByteProduct {
  unsigned a[4], b[2];
  int* d;  // [4]
};

// What a lane gives and gets when its warp loads four matrices of 8 rows of 16 bytes (ldmatrix).
struct MatrixRow {
  const void* row;
  unsigned* words;  // [4]
};

// Returns the calling thread's result of a warp operation in which all lanes of `mask` take part.
std::uint64_t warp_operation(WarpOperation operation, unsigned mask, std::uint64_t value,
                             int argument, const char* file, int line);
void barrier(const char* file, int line);
void* shared_array(const void* declaration, std::size_t bytes, std::size_t alignment);
void* dynamic_shared();

template <class T>
std::uint64_t bits_of(T value) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}
template <class T>
T of_bits(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// The instruction mma.m16n8k32 of signed bytes: D += A B by the lanes of a whole warp, all at once.
inline void multiply_bytes(ByteProduct lane, const char* file = __builtin_FILE(),
                           int line = __builtin_LINE()) {
  warp_operation(WarpOperation::kMultiplyBytes, 0xFFFFFFFFU,
                 reinterpret_cast<std::uintptr_t>(&lane), 0, file, line);
}

// The instruction ldmatrix for four matrices.
inline void load_matrices(const void* row, unsigned* words, const char* file = __builtin_FILE(),
                          int line = __builtin_LINE()) {
  MatrixRow lane{row, words};
  warp_operation(WarpOperation::kLoadMatrices, 0xFFFFFFFFU, reinterpret_cast<std::uintptr_t>(&lane),
                 0, file, line);
}

}  // namespace edgeval::standin

#define EDGEVAL_STANDIN_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

#define EDGEVAL_SHARED(T, name, count)                              \
  T* const name = static_cast<T*>(::edgeval::standin::shared_array( \
      []() -> const void* {                                         \
        static const char declaration = 0;                          \
        return &declaration;                                        \
      }(),                                                          \
      (count) * sizeof(T), alignof(T)))
#define EDGEVAL_DYNAMIC_SHARED(T, name) \
  T* const name = static_cast<T*>(::edgeval::standin::dynamic_shared())
#define EDGEVAL_BARRIER(file, line) ::edgeval::standin::barrier(file, line)

inline void __syncthreads(EDGEVAL_STANDIN_HERE) { edgeval::standin::barrier(file, line); }

#define EDGEVAL_STANDIN_SHUFFLE(name, operation)                                               \
  template <class T>                                                                           \
  T name(unsigned mask, T value, int argument, int width = 32, EDGEVAL_STANDIN_HERE) {         \
    static_cast<void>(width);                                                                  \
    using namespace edgeval::standin;                                                          \
    return of_bits<T>(                                                                         \
        warp_operation(WarpOperation::operation, mask, bits_of(value), argument, file, line)); \
  }
EDGEVAL_STANDIN_SHUFFLE(__shfl_sync, kShuffle)
EDGEVAL_STANDIN_SHUFFLE(__shfl_down_sync, kShuffleDown)
EDGEVAL_STANDIN_SHUFFLE(__shfl_up_sync, kShuffleUp)
EDGEVAL_STANDIN_SHUFFLE(__shfl_xor_sync, kShuffleXor)

#define EDGEVAL_STANDIN_REDUCE(name, operation)                                           \
  template <class T>                                                                      \
  T name(unsigned mask, T value, EDGEVAL_STANDIN_HERE) {                                  \
    static_assert(sizeof(T) == 4, "CUDA reduces words of 32 bits");                       \
    using namespace edgeval::standin;                                                     \
    return static_cast<T>(warp_operation(WarpOperation::operation, mask,                  \
                                         static_cast<std::uint64_t>(std::int64_t{value}), \
                                         std::is_signed_v<T>, file, line));               \
  }
EDGEVAL_STANDIN_REDUCE(__reduce_add_sync, kAdd)
EDGEVAL_STANDIN_REDUCE(__reduce_max_sync, kMost)
EDGEVAL_STANDIN_REDUCE(__reduce_min_sync, kLeast)
EDGEVAL_STANDIN_REDUCE(__reduce_and_sync, kAnd)
EDGEVAL_STANDIN_REDUCE(__reduce_or_sync, kOr)

inline void __syncwarp(unsigned mask = 0xFFFFFFFFU, EDGEVAL_STANDIN_HERE) {
  using namespace edgeval::standin;
  warp_operation(WarpOperation::kSync, mask, 0, 0, file, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, EDGEVAL_STANDIN_HERE) {
  using namespace edgeval::standin;
  return static_cast<unsigned>(
      warp_operation(WarpOperation::kBallot, mask, predicate != 0 ? 1 : 0, 0, file, line));
}
inline int __any_sync(unsigned mask, int predicate, EDGEVAL_STANDIN_HERE) {
  return __ballot_sync(mask, predicate, file, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, EDGEVAL_STANDIN_HERE) {
  return __ballot_sync(mask, predicate, file, line) == mask;
}

// Plain operations serve as atomic ones: one thread runs at a time, and gives way only where it
// waits.
template <class T, class U>
T atomicAdd(T* at, U value) {
  const T before = *at;
  *at = before + static_cast<T>(value);
  return before;
}
template <class T, class U>
T atomicMax(T* at, U value) {
  const T before = *at;
  if (static_cast<T>(value) > before) *at = static_cast<T>(value);
  return before;
}
template <class T, class U>
T atomicExch(T* at, U value) {
  const T before = *at;
  *at = static_cast<T>(value);
  return before;
}
inline void __threadfence() {}
template <class T>
T __ldg(const T* at) {
  return *at;
}
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __float2int_rd(float value) { return static_cast<int>(__builtin_floorf(value)); }
inline int __float2int_rn(float value) { return static_cast<int>(__builtin_rintf(value)); }
inline int __float_as_int(float value) {
  return edgeval::standin::of_bits<int>(edgeval::standin::bits_of(value));
}
inline float __int_as_float(int value) {
  return edgeval::standin::of_bits<float>(edgeval::standin::bits_of(value));
}

// --- Errors --------------------------------------------------------------------------------------

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidPitchValue = 12,
  cudaErrorInvalidMemcpyDirection = 21,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorNotReady = 600,
  cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchFailure = 719,
  cudaErrorNotSupported = 801,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorUnknown = 999,
};
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);

// --- Devices and memory --------------------------------------------------------------------------

struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem, sharedMemPerBlockOptin;
};
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4,
};
typedef struct CUstream_st* cudaStream_t;
cudaError_t cudaMalloc(void** data, std::size_t bytes);
cudaError_t cudaFree(void* data);
cudaError_t cudaMallocHost(void** data, std::size_t bytes);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);

// --- Streams, events, graphs ---------------------------------------------------------------------

typedef struct CUevent_st* cudaEvent_t;
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);

typedef struct CUgraph_st* cudaGraph_t;
typedef struct CUgraphExec_st* cudaGraphExec_t;
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal = 0,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamCaptureModeRelaxed = 2,
};
enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone = 0,
  cudaStreamCaptureStatusActive = 1,
  cudaStreamCaptureStatusInvalidated = 2,
};
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);

// --- Launches ------------------------------------------------------------------------------------

struct cudaLaunchAttribute;
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

namespace edgeval::standin {
cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::size_t argument_bytes,
                   std::function<void()> thread);
cudaError_t set_function_attribute(const void* kernel, cudaFuncAttribute attribute, int value);
}  // namespace edgeval::standin

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...),
                "a kernel's arguments are copied byte by byte");
  std::tuple<Parameters...> copied(std::forward<Arguments>(arguments)...);
  return edgeval::standin::launch(*config, reinterpret_cast<const void*>(kernel),
                                  (std::size_t{0} + ... + ((sizeof(Parameters) + 7) / 8 * 8)),
                                  [kernel, copied] { std::apply(kernel, copied); });
}
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute,
                                 int value) {
  return edgeval::standin::set_function_attribute(reinterpret_cast<const void*>(kernel), attribute,
                                                  value);
}
