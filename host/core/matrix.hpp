// Matrices in host memory: owners, which can be moved, and views, which never own. They are
// row-major, the rightmost index fastest. Kernels may make such a view of device memory for a body;
// between functions of the host, device memory is passed as a DeviceView (cuda/device/memory.hpp).
//
// Shape letters, everywhere in edgeval: T steps, N lanes (utterances in a batch), C inputs of a
// layer, H cells, G gates, O outputs, V vocabulary, B beam.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "host/numeric/host_device.hpp"

namespace edgeval {

using Index = std::int64_t;

template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;  // elements from one row to the next

  EDGEVAL_HD T* row(Index r) const { return data + r * stride; }
  EDGEVAL_HD T& operator()(Index r, Index c) const { return data[r * stride + c]; }
  operator MatrixView<const T>() const { return {data, rows, cols, stride}; }
};

// A contiguous matrix [rows, cols] that starts with zeros and is aligned to a cache line.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), data_(allocate(rows * cols)) {}
  Matrix(Matrix&& other) noexcept { *this = std::move(other); }
  Matrix& operator=(Matrix&& other) noexcept {
    rows_ = std::exchange(other.rows_, 0);
    cols_ = std::exchange(other.cols_, 0);
    data_ = std::move(other.data_);
    return *this;
  }

  Matrix clone() const {
    Matrix copy(rows_, cols_);
    std::copy_n(data(), size(), copy.data());
    return copy;
  }

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return rows_ * cols_; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T* row(Index r) { return data() + r * cols_; }
  const T* row(Index r) const { return data() + r * cols_; }
  T& operator()(Index r, Index c) { return data()[r * cols_ + c]; }
  const T& operator()(Index r, Index c) const { return data()[r * cols_ + c]; }
  std::span<T> values() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const T> values() const { return {data(), static_cast<std::size_t>(size())}; }
  MatrixView<T> view() { return {data(), rows_, cols_, cols_}; }
  MatrixView<const T> view() const { return {data(), rows_, cols_, cols_}; }

 private:
  static constexpr std::size_t kAlignment = 64;
  // Freed memory of operator new with an alignment would serve no later request of the same size,
  // since glibc asks its free blocks for the alignment as well; so what is allocated is plain.
  struct Free {
    std::byte* block = nullptr;
    void operator()(T* /*data*/) const { delete[] block; }
  };
  using Data = std::unique_ptr<T[], Free>;

  static Data allocate(Index count) {
    std::size_t space = static_cast<std::size_t>(count) * sizeof(T) + kAlignment;
    auto* block = new std::byte[space];
    void* aligned = block;
    std::align(kAlignment, space - kAlignment, aligned, space);
    T* data = static_cast<T*>(aligned);
    std::uninitialized_fill_n(data, count, T{});
    return Data(data, Free{block});
  }

  Index rows_ = 0;
  Index cols_ = 0;
  Data data_;
};

// Copies the rows `parents` of a matrix to the first rows of `to`, which has as many columns and at
// least as many rows.
template <class T>
void gather_rows(const Matrix<T>& from, std::span<const Index> parents, Matrix<T>& to) {
  for (std::size_t r = 0; r < parents.size(); ++r)
    std::copy_n(from.row(parents[r]), from.cols(), to.row(static_cast<Index>(r)));
}

// Returns the rows `parents` as a matrix of their own; an empty matrix where `from` has no columns.
template <class T>
Matrix<T> gathered_rows(const Matrix<T>& from, std::span<const Index> parents) {
  if (from.cols() == 0) return {};
  Matrix<T> to(static_cast<Index>(parents.size()), from.cols());
  gather_rows(from, parents, to);
  return to;
}

// The rows of N sequences of different lengths, one after the other: sequence n owns rows
// [offsets[n], offsets[n + 1]) of `values` [sum of lengths, C].
template <class T>
struct Ragged {
  Matrix<T> values;
  std::vector<Index> offsets{0};

  Ragged() = default;
  Ragged(std::span<const Index> lengths, Index cols) {
    for (Index length : lengths) offsets.push_back(offsets.back() + length);
    values = Matrix<T>(offsets.back(), cols);
  }

  Index sequences() const { return static_cast<Index>(offsets.size()) - 1; }
  Index length(Index n) const { return offsets[n + 1] - offsets[n]; }
  Index cols() const { return values.cols(); }
  MatrixView<T> sequence(Index n) { return {values.row(offsets[n]), length(n), cols(), cols()}; }
  MatrixView<const T> sequence(Index n) const {
    return {values.row(offsets[n]), length(n), cols(), cols()};
  }
  std::vector<Index> lengths() const {
    std::vector<Index> all;
    for (Index n = 0; n < sequences(); ++n) all.push_back(length(n));
    return all;
  }
};

// Returns a copy of the sequences [first, last).
template <class T>
Ragged<T> slice(const Ragged<T>& all, Index first, Index last) {
  std::vector<Index> lengths = all.lengths();
  Ragged<T> part(std::span<const Index>(lengths).subspan(first, last - first), all.cols());
  std::copy_n(all.values.row(all.offsets[first]), part.values.size(), part.values.data());
  return part;
}

}  // namespace edgeval
