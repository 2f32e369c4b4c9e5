// Matrices in device memory: owners that move and only grow, and views that never own. A DeviceView
// is not a MatrixView, so a host pointer cannot reach a kernel by accident. Rows start at multiples
// of 4 elements, which lets the products load 16 bytes at once; the elements between cols and
// stride are never read.
//
// Fresh memory holds anything, so code that reads what nothing wrote asks for zeros. With
// EDGEVAL_POISON=1 in the environment, all bits of fresh memory are ones, which as a float is NaN.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cuda/device/stream.hpp"

namespace edgeval::gpu {

// Sets how many bytes of the current device's memory this process takes at most, from now on; 0:
// all there is. What CUDA takes on its own does not count.
void limit_memory(Index bytes);

// Returns uninitialized memory on the current device. Where the environment asks for it, `stream`
// poisons the memory before it does what it is given later. Throws OutOfMemory.
void* fresh_memory(Index bytes, cudaStream_t stream);
void give_back(void* memory, Index bytes) noexcept;
// Returns how often this process gave memory of the current device back. As long as this number
// stays the same, an address there that was valid stays valid.
std::uint64_t times_given_back();

// Throws OutOfMemory when the current device, or the limit, has less memory left than is kept free
// for what CUDA takes later on its own: the code of kernels, graphs, local memory.
void expect_margin();

// Returns the number of bytes that this process may still take of the current device.
Index free_bytes();

template <class T>
struct DeviceView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  EDGEVAL_HD T* row(Index r) const { return data + r * stride; }
  DeviceView leading(Index count) const { return {data, count, cols, stride}; }
  DeviceView slice(Index first, Index count) const { return {row(first), count, cols, stride}; }
  DeviceView columns(Index first, Index count) const { return {data + first, rows, count, stride}; }
  operator DeviceView<const T>() const { return {data, rows, cols, stride}; }
  bool operator==(const DeviceView&) const = default;
};

// Memory for elements, which is kept from batch to batch.
template <class T>
class DeviceBuffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "kernels copy elements byte by byte");

  // Makes room for at least `count` elements. When the buffer has to grow, its elements are lost
  // and the new ones hold anything.
  void reserve_discarding(Index count, cudaStream_t stream) {
    if (count <= capacity()) return;
    release();
    const Index bytes = count * Index{sizeof(T)};
    data_ = {static_cast<T*>(fresh_memory(bytes, stream)), GiveBack{bytes}};
    capacity_ = count;
  }
  void release() {
    data_.reset();
    capacity_ = 0;
  }
  void zero(Index count, cudaStream_t stream) {
    if (count > 0)
      EDGEVAL_CUDA(
          cudaMemsetAsync(data_.get(), 0, static_cast<std::size_t>(count) * sizeof(T), stream));
  }
  void upload(const T* values, Index count, const Stream& stream) {
    reserve_discarding(count, stream);
    const Index bytes = count * Index{sizeof(T)};
    stream.upload(ByteRows{1, bytes, values, bytes, data_.get(), bytes});
  }
  void upload(std::span<const T> values, const Stream& stream) {
    upload(values.data(), static_cast<Index>(values.size()), stream);
  }
  // Copies `count` elements from `first` on to the host. They are there once the stream was
  // synchronized.
  void download(T* values, Index first, Index count, cudaStream_t stream) const {
    if (count > 0)
      EDGEVAL_CUDA(cudaMemcpyAsync(values, data_.get() + first,
                                   static_cast<std::size_t>(count) * sizeof(T),
                                   cudaMemcpyDeviceToHost, stream));
  }
  void download(T* values, Index count, cudaStream_t stream) const {
    download(values, 0, count, stream);
  }

  T* data() const { return data_.get(); }
  Index capacity() const { return data_ ? capacity_ : 0; }

 private:
  struct GiveBack {
    Index bytes = 0;
    void operator()(T* data) const { give_back(data, bytes); }
  };
  std::unique_ptr<T, GiveBack> data_;
  Index capacity_ = 0;
};

// Holds a struct on the host and a copy of it in device memory, which kernels read.
template <class T>
class Mirrored {
 public:
  void reserve(cudaStream_t stream) { there_.reserve_discarding(1, stream); }
  // Kernels that were launched on the stream before this call still read the value before.
  void upload(const T& value, const Stream& stream) {
    here_ = value;
    there_.upload(&here_, 1, stream);
  }
  const T* there() const { return there_.data(); }

 private:
  T here_{};
  DeviceBuffer<T> there_;
};

template <class T>
class DeviceMatrix {
 public:
  static constexpr Index padded_cols(Index cols) { return (cols + 3) / 4 * 4; }

  // Gives the matrix this shape; its elements are lost.
  void resize_discarding(Index rows, Index cols, cudaStream_t stream) {
    buffer_.reserve_discarding(rows * padded_cols(cols), stream);
    rows_ = rows;
    cols_ = cols;
  }
  void zero(cudaStream_t stream) { buffer_.zero(rows_ * padded_cols(cols_), stream); }
  DeviceView<T> view() const { return {buffer_.data(), rows_, cols_, padded_cols(cols_)}; }

 private:
  DeviceBuffer<T> buffer_;
  Index rows_ = 0;
  Index cols_ = 0;
};

// Copy a matrix between host and device. An upload has read the host's memory when it returns; a
// download uses it until the stream was synchronized.
template <class T>
ByteRows byte_rows(MatrixView<const T> from, DeviceView<T> to) {
  constexpr Index kBytes = sizeof(T);
  return {from.rows, from.cols * kBytes, from.data, from.stride * kBytes,
          to.data,   to.stride * kBytes};
}
template <class T>
void upload(MatrixView<const T> from, DeviceView<T> to, const Stream& stream) {
  stream.upload(byte_rows(from, to));
}
template <class T>
void download(DeviceView<T> from, MatrixView<T> to, cudaStream_t stream) {
  if (to.rows > 0 && to.cols > 0)
    EDGEVAL_CUDA(cudaMemcpy2DAsync(to.data, to.stride * sizeof(T), from.data,
                                   from.stride * sizeof(T), to.cols * sizeof(T), to.rows,
                                   cudaMemcpyDeviceToHost, stream));
}

}  // namespace edgeval::gpu
