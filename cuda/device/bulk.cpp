#include "cuda/device/bulk.hpp"

#include <algorithm>

#include "cuda/device/device.hpp"
#include "host/core/parallel.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 6;
constexpr Index kLeastBytes = Index{4} << 20;  // of a part; a smaller one is not worth a thread

}  // namespace

BulkCopies::BulkCopies(int threads)
    : parts_(static_cast<std::size_t>(std::clamp(threads, 1, kMostThreads))) {}

template <class Copy>
void BulkCopies::in_parts(Index rows, Index row_bytes, const Copy& copy) {
  const Index parts =
      std::clamp(rows * row_bytes / kLeastBytes, Index{1}, static_cast<Index>(parts_.size()));
  const int device = current_device();
  parallel_for(parts, static_cast<int>(parts), [&](Index i) {
    EDGEVAL_CUDA(cudaSetDevice(device));  // every thread has a current device of its own
    const Index first = rows * i / parts;
    copy(parts_[static_cast<std::size_t>(i)], first, rows * (i + 1) / parts - first);
  });
}

void BulkCopies::upload(MatrixView<const float> from, DeviceView<float> to, cudaStream_t stream) {
  in_parts(from.rows, from.cols * Index{sizeof(float)}, [&](Part& part, Index first, Index count) {
    const MatrixView<const float> rows{from.row(first), count, from.cols, from.stride};
    part.uploads.copy(byte_rows(rows, to.slice(first, count)), stream);
  });
}

void BulkCopies::download(const float* from, float* to, Index count, cudaStream_t stream) {
  constexpr Index kBytes = sizeof(float);
  in_parts(count, kBytes, [&](Part& part, Index first, Index share) {
    part.downloads.copy(to + first, from + first, share * kBytes, stream);
  });
}

}  // namespace edgeval::gpu
