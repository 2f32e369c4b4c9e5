// Owners of a CUDA stream and of an event. A stream converts to the handle that launchers take as
// their last argument, and uploads host memory that its caller may change or free at once: what is
// copied is read before the call returns, into pinned memory that serves again when the stream has
// passed it. Bytes for the host take the same way back (cuda/device/bulk.hpp).
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "cuda/device/pinned.hpp"

namespace edgeval::gpu {

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
  // Lets what `after` is given from now on wait for what `before` was given so far.
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

// Rows of bytes, `stride` bytes apart.
struct ByteRows {
  Index count, bytes;
  const void* from;
  Index from_stride;
  void* to;  // in device memory
  Index to_stride;
};

// Pinned memory that copies pass through.
struct PinnedBlock {
  static constexpr Index kBytes = 1 << 20;
  PinnedBuffer<std::byte> memory{kBytes};
  Event passed;  // is recorded behind the last copy out of the block or into it
};

// The pinned memory of a stream's uploads: a ring of blocks, made as they are needed.
class Uploads {
 public:
  static constexpr Index kBlockBytes = PinnedBlock::kBytes;

  // Copies rows to the device. The host's memory has been read when it returns. It must not be
  // called while the stream is captured.
  void copy(const ByteRows& rows, cudaStream_t stream);

 private:
  void copy_bytes(std::byte* to, const std::byte* from, Index bytes, cudaStream_t stream);
  std::byte* room(Index bytes, cudaStream_t stream);

  std::array<std::optional<PinnedBlock>, 4> blocks_;
  std::size_t current_ = 0;
  Index used_ = 0;  // bytes of the current block
};

// The pinned memory of downloads: one block is filled while the host empties the other.
class Downloads {
 public:
  // Copies bytes to the host, where they are when it returns. It must not be called while the
  // stream is captured.
  void copy(void* to, const void* from, Index bytes, cudaStream_t stream);

 private:
  std::array<std::optional<PinnedBlock>, 2> blocks_;
};

// A CUDA stream. Its methods are for one thread at a time; several may use the handle (bulk.hpp).
class Stream {
 public:
  Stream() {
    cudaStream_t stream = nullptr;
    EDGEVAL_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    stream_.reset(stream);
  }
  operator cudaStream_t() const { return stream_.get(); }
  void synchronize() const { EDGEVAL_CUDA(cudaStreamSynchronize(stream_.get())); }
  void upload(const ByteRows& rows) const { uploads_->copy(rows, stream_.get()); }

 private:
  // Waits for unfinished copies, which may read pinned memory, before it destroys the stream.
  struct Destroy {
    void operator()(cudaStream_t stream) const {
      EDGEVAL_CUDA_NOTHROW(cudaStreamSynchronize(stream));
      EDGEVAL_CUDA_NOTHROW(cudaStreamDestroy(stream));
    }
  };
  std::unique_ptr<Uploads> uploads_ = std::make_unique<Uploads>();  // outlives the stream
  std::unique_ptr<CUstream_st, Destroy> stream_;
};

}  // namespace edgeval::gpu
