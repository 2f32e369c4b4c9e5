// Kernels around the rows of a decoder's step. A thread owns the few words of a row; where rows are
// copied, a thread block owns a row.
#include <numeric>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/translate/search_rows.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kThreads = 256;
constexpr Index kMostBlocks = 8192;  // for kernels whose blocks walk over rows

__global__ void begin_step_kernel(RowView view, Index rows) {
  const SearchState& state = *view.state;
  const bool enough = state.rows <= rows;
  const Index r = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (r < rows) {
    const Index n = enough && r < state.rows ? view.sentence[r] : -1;
    view.positions[r] = n < 0 ? 0 : static_cast<std::int32_t>(view.begin[n + 1] - view.begin[n]);
  }
  if (r != 0) return;
  const Index running = enough ? state.rows : 0;
  view.state->running = running;
  view.active[state.step] = running;
  *view.cursor = {state.step, 0};
}

__global__ void embed_kernel(RowView view, DeviceView<const float> embedding,
                             DeviceView<const float> feed, DeviceView<float> x) {
  const Index r = blockIdx.x;
  if (r >= view.state->running) return;
  const CudaBlock block;
  const float* const from = embedding.row(view.token[r]);
  float* const to = x.row(r);
  block.for_each(embedding.cols, [&](Index i) { to[i] = from[i]; });
  block.for_each(feed.cols, [&](Index i) { to[embedding.cols + i] = feed.row(r)[i]; });
}

// Copies row `from` of the memory at `source` to row `to` of that at `target`, as elements of T.
template <class T>
__device__ void copy_row(const void* source, Index from, void* target, Index to, Index bytes) {
  const Index count = bytes / Index{sizeof(T)};
  const T* const read = static_cast<const T*>(source) + from * count;
  T* const written = static_cast<T*>(target) + to * count;
  CudaBlock{}.for_each(count, [&](Index i) { written[i] = read[i]; });
}

// Copies parents' rows to the scratch; if kBack, copies the scratch to where the rows belong.
template <bool kBack>
__global__ void gather_kernel(RowView view, const RowSegment* segments, Index segment_count,
                              const Index* count) {
  if (view.state->running == 0) return;
  for (Index r = blockIdx.x; r < *count; r += gridDim.x)
    for (Index s = 0; s < segment_count; ++s) {
      const RowSegment& segment = segments[s];
      const void* const source = kBack ? segment.scratch : segment.data;
      void* const target = kBack ? segment.data : segment.scratch;
      const Index from = kBack ? r : view.parent[r];
      if (segment.bytes % Index{sizeof(unsigned)} == 0)
        copy_row<unsigned>(source, from, target, r, segment.bytes);
      else
        copy_row<std::byte>(source, from, target, r, segment.bytes);
    }
}

__global__ void finish_step_kernel(RowView view, const Index* count) {
  if (view.state->running == 0) return;
  view.state->rows = *count;
  ++view.state->step;
}

__global__ void go_on_kernel(RowView view, const std::int32_t* tokens, Index rows) {
  const Index r = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (r < rows) view.token[r] = tokens[r];
  if (r != 0) return;
  view.state->rows = rows;
  ++view.state->step;
}

}  // namespace

void SearchRows::reserve(Index rows, Index sentences, Index steps, const Stream& stream) {
  state_.reserve_discarding(1, stream);
  cursor_.reserve_discarding(1, stream);
  active_.reserve_discarding(steps + 2, stream);
  no_offset_.reserve_discarding(steps + 2, stream);
  no_offset_.zero(steps + 2, stream);
  begin_.reserve_discarding(sentences + 1, stream);
  for (DeviceBuffer<std::int32_t>* buffer : {&sentence_, &positions_, &place_, &token_, &parent_})
    buffer->reserve_discarding(rows, stream);
  score_.reserve_discarding(rows, stream);
  if (numbered_ >= rows) return;
  std::vector<Index> numbers(static_cast<std::size_t>(rows));
  std::iota(numbers.begin(), numbers.end(), Index{0});
  row_numbers_.upload(numbers, stream);
  numbered_ = rows;
}

void SearchRows::start(const std::vector<std::int32_t>& order, const std::vector<Index>& begin,
                       int token, const Stream& stream) {
  const auto rows = static_cast<Index>(order.size());
  const SearchState state{.rows = rows, .running = 0, .step = 0, .finished = 0, .overflowed = 0};
  const std::vector<std::int32_t> tokens(order.size(), token);
  state_.upload(&state, 1, stream);
  begin_.upload(begin, stream);
  sentence_.upload(order, stream);
  token_.upload(tokens, stream);
  place_.zero(rows, stream);
  score_.zero(rows, stream);
}

RowView SearchRows::view() const {
  return {.state = state_.data(),
          .cursor = cursor_.data(),
          .active = active_.data(),
          .sentence = sentence_.data(),
          .positions = positions_.data(),
          .place = place_.data(),
          .token = token_.data(),
          .parent = parent_.data(),
          .score = score_.data(),
          .begin = begin_.data()};
}

PackView SearchRows::pack() const {
  return {.lane = sentence_.data(),
          .steps = positions_.data(),
          .active = active_.data(),
          .offset = no_offset_.data(),
          .frame_of_row = row_numbers_.data(),
          .input_of_row = row_numbers_.data()};
}

void launch_begin_step(const RowView& view, Index rows, cudaStream_t stream) {
  launch(stream, begin_step_kernel, {blocks_of(rows, kThreads)}, kThreads, view, rows);
}

void launch_embed(const RowView& view, DeviceView<const float> embedding,
                  DeviceView<const float> feed, DeviceView<float> x, cudaStream_t stream) {
  launch(stream, embed_kernel, {x.rows}, threads_for(x.cols), view, embedding, feed, x);
}

void launch_gather(const RowView& view, const RowSegment* segments, Index segment_count,
                   const Index* count, Index most, cudaStream_t stream) {
  const Index blocks = std::min(most, kMostBlocks);
  launch(stream, gather_kernel<false>, {blocks}, kThreads, view, segments, segment_count, count);
  launch(stream, gather_kernel<true>, {blocks}, kThreads, view, segments, segment_count, count);
}

void launch_finish_step(const RowView& view, const Index* count, cudaStream_t stream) {
  launch(stream, finish_step_kernel, {1}, 1, view, count);
}

void launch_go_on(const RowView& view, const std::int32_t* tokens, Index rows,
                  cudaStream_t stream) {
  launch(stream, go_on_kernel, {rows / kThreads + 1}, kThreads, view, tokens, rows);
}

}  // namespace edgeval::gpu
