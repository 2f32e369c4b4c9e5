// Owners of a CUDA stream and of an event. A stream converts to the handle that launchers take as
// their last argument.
#pragma once

#include <memory>

#include "cuda/error.hpp"

namespace edgeval::gpu {

class Stream {
 public:
  Stream() {
    cudaStream_t stream = nullptr;
    EDGEVAL_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    stream_.reset(stream);
  }
  operator cudaStream_t() const { return stream_.get(); }
  void synchronize() const { EDGEVAL_CUDA(cudaStreamSynchronize(stream_.get())); }

 private:
  struct Destroy {
    void operator()(cudaStream_t stream) const { EDGEVAL_CUDA_NOTHROW(cudaStreamDestroy(stream)); }
  };
  std::unique_ptr<CUstream_st, Destroy> stream_;
};

class Event {
 public:
  Event() {
    cudaEvent_t event = nullptr;
    EDGEVAL_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    event_.reset(event);
  }
  void record(cudaStream_t stream) const { EDGEVAL_CUDA(cudaEventRecord(event_.get(), stream)); }
  void synchronize() const { EDGEVAL_CUDA(cudaEventSynchronize(event_.get())); }
  void wait_nothrow() const { EDGEVAL_CUDA_NOTHROW(cudaEventSynchronize(event_.get())); }
  // What `after` does from now on waits for what `before` was given so far.
  void order(cudaStream_t before, cudaStream_t after) const {
    EDGEVAL_CUDA(cudaEventRecord(event_.get(), before));
    EDGEVAL_CUDA(cudaStreamWaitEvent(after, event_.get(), 0));
  }

 private:
  struct Destroy {
    void operator()(cudaEvent_t event) const { EDGEVAL_CUDA_NOTHROW(cudaEventDestroy(event)); }
  };
  std::unique_ptr<CUevent_st, Destroy> event_;
};

}  // namespace edgeval::gpu
