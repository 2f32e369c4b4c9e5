#include "cuda/device/stream.hpp"

#include <algorithm>
#include <cstring>

namespace edgeval::gpu {

void Uploads::copy(const ByteRows& rows, cudaStream_t stream) {
  if (rows.count == 0 || rows.bytes == 0) return;
  const auto* const first_from = static_cast<const std::byte*>(rows.from);
  auto* const first_to = static_cast<std::byte*>(rows.to);
  if (rows.bytes == rows.from_stride && rows.bytes == rows.to_stride) {
    copy_bytes(first_to, first_from, rows.count * rows.bytes, stream);
    return;
  }
  const Index at_once = std::max(kBlockBytes / rows.bytes, Index{1});
  for (Index first = 0; first < rows.count; first += at_once) {
    const Index count = std::min(at_once, rows.count - first);
    const std::byte* const from = first_from + first * rows.from_stride;
    std::byte* const to = first_to + first * rows.to_stride;
    if (count == 1) {
      copy_bytes(to, from, rows.bytes, stream);
      continue;
    }
    std::byte* const pinned = room(count * rows.bytes, stream);
    for (Index r = 0; r < count; ++r)
      std::memcpy(pinned + r * rows.bytes, from + r * rows.from_stride,
                  static_cast<std::size_t>(rows.bytes));
    EDGEVAL_CUDA(cudaMemcpy2DAsync(to, rows.to_stride, pinned, rows.bytes, rows.bytes, count,
                                   cudaMemcpyHostToDevice, stream));
  }
}

void Uploads::copy_bytes(std::byte* to, const std::byte* from, Index bytes, cudaStream_t stream) {
  for (Index first = 0; first < bytes; first += kBlockBytes) {
    const auto count = std::min(kBlockBytes, bytes - first);
    std::byte* const pinned = room(count, stream);
    std::memcpy(pinned, from + first, static_cast<std::size_t>(count));
    EDGEVAL_CUDA(cudaMemcpyAsync(to + first, pinned, static_cast<std::size_t>(count),
                                 cudaMemcpyHostToDevice, stream));
  }
}

// Returns pinned memory that no unfinished copy reads. `bytes` is at most one block.
std::byte* Uploads::room(Index bytes, cudaStream_t stream) {
  constexpr Index kAligned = 16;
  if (blocks_[current_] && used_ + bytes > kBlockBytes) {
    blocks_[current_]->passed.record(stream);
    const std::size_t next = (current_ + 1) % blocks_.size();
    if (blocks_[next]) blocks_[next]->passed.synchronize();
    current_ = next;
    used_ = 0;
  }
  if (!blocks_[current_]) blocks_[current_].emplace();
  std::byte* const at = blocks_[current_]->memory.data() + used_;
  used_ += (bytes + kAligned - 1) / kAligned * kAligned;
  return at;
}

void Downloads::copy(void* to, const void* from, Index bytes, cudaStream_t stream) {
  auto* const first_to = static_cast<std::byte*>(to);
  const auto* const first_from = static_cast<const std::byte*>(from);
  const Index pieces = (bytes + PinnedBlock::kBytes - 1) / PinnedBlock::kBytes;
  const auto first_of = [](Index piece) { return piece * PinnedBlock::kBytes; };
  const auto size_of = [&](Index piece) {
    return static_cast<std::size_t>(std::min(PinnedBlock::kBytes, bytes - first_of(piece)));
  };
  const auto block_of = [&](Index piece) -> std::optional<PinnedBlock>& {
    return blocks_[static_cast<std::size_t>(piece) % blocks_.size()];
  };
  const auto ahead = static_cast<Index>(blocks_.size());
  for (Index piece = 0; piece < pieces + ahead; ++piece) {
    if (const Index done = piece - ahead; done >= 0 && done < pieces) {
      block_of(done)->passed.synchronize();
      std::memcpy(first_to + first_of(done), block_of(done)->memory.data(), size_of(done));
    }
    if (piece >= pieces) continue;
    std::optional<PinnedBlock>& block = block_of(piece);
    if (!block) block.emplace();
    EDGEVAL_CUDA(cudaMemcpyAsync(block->memory.data(), first_from + first_of(piece), size_of(piece),
                                 cudaMemcpyDeviceToHost, stream));
    block->passed.record(stream);
  }
}

}  // namespace edgeval::gpu
