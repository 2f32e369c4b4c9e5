// The kernel of attention. A thread block owns a row and goes through its sentence position by
// position; its threads share the elements of a key. This is good for the lengths of sentences;
// documents would need a different division of the work.
#include "cuda/device/block.cuh"
#include "cuda/device/elements.hpp"
#include "cuda/device/launch.hpp"
#include "cuda/translate/attention.hpp"
#include "host/body/attention.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 128;

// Returns the positions [first, first + count) of a matrix, or an empty view if there is no matrix.
template <class T>
__device__ MatrixView<T> part(DeviceView<T> all, Index first, Index count) {
  if (all.data == nullptr) return {};
  return {all.row(first), count, all.cols, all.stride};
}

template <bool kIntegers>
__global__ void __launch_bounds__(kMostThreads) attention_kernel(AttentionTask task) {
  const RowView& rows = task.rows;
  const Index r = blockIdx.x;
  if (r >= rows.state->running) return;
  const CudaBlock block;
  const SourceView& source = task.source;
  const Index sentence = rows.sentence[r], first = rows.begin[sentence], count = rows.positions[r];
  const MatrixView<const float> hidden = part(source.hidden, first, count);
  float* const both = task.both.row(r);
  Index most = 0;
  if constexpr (kIntegers) {
    const FixedSource fixed{part(source.codes, first, count),
                            hidden,
                            source.score_codes,
                            source.score_bits,
                            source.bits,
                            source.x_bits,
                            power_of_two(-source.x_bits),
                            source.activations,
                            source.softmax};
    const FixedScratch scratch{task.shares.row(r), task.sums.row(r), task.codes.row(r)};
    most = attention_row(block, fixed, task.probe.row(r), scratch, both);
  } else {
    const FloatSource floats{part(source.keys, first, count), hidden, source.score};
    const Elements<float, std::int64_t> shares = task.shares.row(r);
    most = attention_row(block, floats, task.probe.row(r), shares.as<float>(), both);
  }
  const float* const query = task.query.row(r);
  block.for_each(task.query.cols,
                 [&](Index i) { both[task.both.cols - task.query.cols + i] = query[i]; });
  if (task.attended == nullptr) return;
  block.once([&] {
    task.attended[(rows.state->step * task.sentences + sentence) * task.widest + rows.place[r]] =
        static_cast<std::int32_t>(most);
  });
}

}  // namespace

void launch_attention(const Arithmetic& arithmetic, const AttentionTask& task, Index rows,
                      cudaStream_t stream) {
  const auto kernel =
      std::holds_alternative<Fp32>(arithmetic) ? attention_kernel<false> : attention_kernel<true>;
  launch(stream, kernel, {rows},
         threads_for(std::max(task.both.cols, task.probe.cols), kMostThreads), task);
}

}  // namespace edgeval::gpu
