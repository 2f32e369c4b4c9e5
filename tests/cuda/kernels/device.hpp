// Copies values between tests and the device, on one stream. Copies to the device are waited for,
// since they might otherwise read the caller's memory too late.
#pragma once

#include <vector>

#include "cuda/device/digits.hpp"
#include "cuda/device/stream.hpp"
#include "cuda/kernel/lanes.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {

template <class T>
gpu::DeviceBuffer<T> on_device(const std::vector<T>& values, const gpu::Stream& stream) {
  gpu::DeviceBuffer<T> buffer;
  buffer.upload(values, stream);
  return buffer;
}

inline gpu::DeviceMatrix<float> on_device(MatrixView<const float> values, const gpu::Stream& stream,
                                          Index rows = 0) {
  gpu::DeviceMatrix<float> matrix;
  matrix.resize_discarding(std::max(rows, values.rows), values.cols, stream);
  upload(values, matrix.view(), stream);
  EDGEVAL_CUDA(cudaStreamSynchronize(stream));
  return matrix;
}

template <class T>
gpu::DeviceBuffer<T> zeros_on_device(Index count, const gpu::Stream& stream) {
  return on_device(std::vector<T>(static_cast<std::size_t>(count)), stream);
}

template <class T>
std::vector<T> on_host(const gpu::DeviceBuffer<T>& buffer, Index count, const gpu::Stream& stream) {
  std::vector<T> values(static_cast<std::size_t>(count));
  buffer.download(values.data(), count, stream);
  stream.synchronize();
  return values;
}

inline Matrix<float> on_host(const gpu::DeviceMatrix<float>& matrix, const gpu::Stream& stream) {
  Matrix<float> values(matrix.view().rows, matrix.view().cols);
  download(matrix.view(), values.view(), stream);
  stream.synchronize();
  return values;
}

// Returns the operands or sums of fp32 in a matrix.
template <class Rows>
Rows float_rows(const gpu::DeviceMatrix<float>& matrix) {
  return {matrix.view().data, matrix.view().stride};
}

template <class T>
gpu::DeviceBuffer<std::byte> bytes_on_device(const T& value, const gpu::Stream& stream) {
  gpu::DeviceBuffer<std::byte> buffer;
  buffer.upload(std::as_bytes(std::span(&value, 1)), stream);
  return buffer;
}

inline Matrix<float> random_matrix(Random& random, Index rows, Index cols) {
  Matrix<float> values(rows, cols);
  for (float& value : values.values())
    value = random.chance(0.2) ? 0.0F : static_cast<float>(random.uniform(-1.5, 1.5));
  return values;
}

inline const std::vector<Index> kWidths{1, 31, 32, 33, 300, 1100};
inline const std::vector<Index> kLengths{33, 0, 1, 32, 31, 32, 200};  // of lanes

inline std::vector<Index> offsets_of(const std::vector<Index>& lengths) {
  std::vector<Index> offsets{0};
  for (Index length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

}  // namespace edgeval::test
