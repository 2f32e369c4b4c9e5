// Checks the status that every call of CUDA returns. EDGEVAL_CUDA throws; EDGEVAL_CUDA_NOTHROW is
// for destructors, after which a failure shows at the next checked call. launch() checks launches
// (launch.hpp), EDGEVAL_CUBLAS calls of cuBLASLt (gemm.hpp).
#pragma once

#include <cuda_runtime.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace edgeval::gpu {

// A fault of the machine or of this program, never of the user's input.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Device or pinned memory is used up. The engine then goes on with fewer lanes at a time. Callers
// that halve a batch when host memory is short catch it as std::bad_alloc, too.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// When an exception leaves its scope, waits until the current device is done with all memory, which
// is then freed. It is declared behind the host memory that downloads write.
class Settle {
 public:
  Settle() : exceptions_(std::uncaught_exceptions()) {}
  ~Settle();
  Settle(const Settle&) = delete;
  Settle& operator=(const Settle&) = delete;

 private:
  int exceptions_;
};

// Throws OutOfMemory or CudaError, with a message that names the call and its place, unless it
// succeeded.
void check(cudaError_t status, const char* call, const char* file, int line);

}  // namespace edgeval::gpu

#define EDGEVAL_CUDA(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
#define EDGEVAL_CUDA_NOTHROW(call) static_cast<void>(call)
