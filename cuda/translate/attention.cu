// Kernels of attention. A thread block owns a row; each of its warps takes positions of the row's
// sentence and makes their scores, its first warp makes shares of these, and then its threads make
// four neighbouring elements of the context each. This is good for the lengths of sentences;
// documents would need a different division of the work.
#include "cuda/device/block.cuh"
#include "cuda/device/elements.hpp"
#include "cuda/device/four.hpp"
#include "cuda/device/launch.hpp"
#include "cuda/device/ptx.hpp"
#include "cuda/translate/attention.hpp"
#include "host/body/attention.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 128;

// What a row attends to: the positions of its sentence, from `first` on.
struct AttendedRow {
  Index first, positions;
  const float* probe;
  bool aligned;  // whether four elements of the probe can be loaded together
};

// Writes the score of every position to scores. add(access, s, at, sum) adds to the sum what the
// four elements from `at` on, of `width`, give at position s.
template <class Sum, class Score, class Add>
__device__ void score_positions(const AttendedRow& row, Index width, Score* scores, Add add) {
  const CudaWarp warp;
  for (Index s = threadIdx.x / kWarp; s < row.positions; s += blockDim.x / kWarp) {
    Sum mine = 0;
    for_fours(threadIdx.x % kWarp, kWarp, static_cast<int>(width), row.aligned,
              [&](auto access, int at) { add(access, s, at, mine); });
    const Sum sum = warp.combined(mine, [](Sum a, Sum b) { return a + b; });
    warp.once([&] { scores[s] = static_cast<Score>(sum); });
  }
}

// Returns W_context h(s) of position s of the row.
__device__ const float* hidden_of(const SourceView& source, const AttendedRow& row, Index s) {
  return source.hidden.row(row.first + s);
}

// In fp32. Every function is for all threads of the block, but attend for one warp, to which it
// returns the position with the greatest score.
struct FloatAttention {
  const SourceView& source;
  float* shares;

  template <bool kMlp>
  __device__ void score(const AttendedRow& row) const {
    if constexpr (kMlp) {
      score_positions<double>(
          row, source.hidden.cols, shares, [&](auto access, Index s, int at, double& sum) {
            const Four<float> v = access.load(source.score + at), p = access.load(row.probe + at),
                              h = access.load(hidden_of(source, row, s) + at);
            EDGEVAL_UNROLL
            for (int i = 0; i < kFour; ++i) sum += mlp_term(v[i], p[i], h[i]);
          });
    } else {
      score_positions<float>(
          row, source.keys.cols, shares, [&](auto access, Index s, int at, float& sum) {
            const Four<float> p = access.load(row.probe + at),
                              k = access.load(source.keys.row(row.first + s) + at);
            EDGEVAL_UNROLL
            for (int i = 0; i < kFour; ++i) sum += p[i] * k[i];
          });
    }
  }
  __device__ Index attend(const AttendedRow& row) const {
    return softmax_row(CudaWarp{}, shares, row.positions);
  }
  __device__ void write_context(const AttendedRow& row, float* context) const {
    for_fours(threadIdx.x, blockDim.x, static_cast<int>(source.keys.cols), true,
              [&](auto access, int at) {
                Four<float> sum{};
                for (Index s = 0; s < row.positions; ++s) {
                  const float share = shares[s];
                  const Four<float> k = access.load(source.keys.row(row.first + s) + at);
                  EDGEVAL_UNROLL
                  for (int i = 0; i < kFour; ++i) sum[i] += share * k[i];
                }
                access.store(context + at, sum);
              });
  }
};

// In integers, as FloatAttention is.
struct FixedAttention {
  const SourceView& source;
  std::int64_t* shares;
  std::int32_t* codes;    // [K], of the probe
  int fraction_bits = 0;  // of the scores

  template <bool kMlp>
  __device__ void score(const AttendedRow& row) {
    if constexpr (kMlp) {
      fraction_bits = source.score_bits + kUnitBits;
      score_positions<std::int64_t>(
          row, source.hidden.cols, shares, [&](auto access, Index s, int at, std::int64_t& sum) {
            const Four<std::int32_t> v = access.load(source.score_codes + at);
            const Four<float> p = access.load(row.probe + at),
                              h = access.load(hidden_of(source, row, s) + at);
            EDGEVAL_UNROLL
            for (int i = 0; i < kFour; ++i)
              sum = multiply_add_wide(v[i], mlp_tanh(source.activations, p[i], h[i]), sum);
          });
    } else {
      const Index width = source.codes.cols;
      const float greatest = CudaWarp{}.best(  // every warp finds it alone
          width, 0.0F, [&](Index k) { return absolute(row.probe[k]); },
          [](float a, float b) { return a > b; });
      const int probe_bits = finest_row_bits(greatest, source.bits);
      const double scale = power_of_two(probe_bits);
      fraction_bits = probe_bits + source.x_bits;
      const CudaBlock block;
      block.for_each(width, [&](Index k) {
        codes[k] = Grid::nearest(static_cast<double>(row.probe[k]) * scale);
      });
      block.synchronize();
      score_positions<std::int64_t>(
          row, width, shares, [&](auto access, Index s, int at, std::int64_t& sum) {
            const Four<std::int32_t> p = access.load(codes + at);
            const Four<std::int16_t> k = access.load(source.codes.row(row.first + s) + at);
            EDGEVAL_UNROLL
            for (int i = 0; i < kFour; ++i) sum = multiply_add_wide(p[i], k[i], sum);
          });
    }
  }
  __device__ Index attend(const AttendedRow& row) const {
    return softmax_row(CudaWarp{}, source.softmax, shares, row.positions, fraction_bits).most;
  }
  __device__ void write_context(const AttendedRow& row, float* context) const {
    const auto inverse = static_cast<float>(power_of_two(-source.x_bits));
    for_fours(threadIdx.x, blockDim.x, static_cast<int>(source.codes.cols), true,
              [&](auto access, int at) {
                Four<std::int64_t> sum{};
                std::int64_t weights = 0;
                for (Index s = 0; s < row.positions; ++s) {
                  const auto share = static_cast<std::int32_t>(shares[s]);  // 2^30 at most
                  const Four<std::int16_t> k = access.load(source.codes.row(row.first + s) + at);
                  weights += share;
                  EDGEVAL_UNROLL
                  for (int i = 0; i < kFour; ++i) sum[i] = multiply_add_wide(share, k[i], sum[i]);
                }
                const Divisor divisor = Divisor::of(weights);
                Four<float> mean;
                EDGEVAL_UNROLL
                for (int i = 0; i < kFour; ++i)
                  mean[i] = static_cast<float>(rounded_quotient(sum[i], divisor)) * inverse;
                access.store(context + at, mean);
              });
  }
};

template <bool kIntegers, bool kMlp>
__global__ void __launch_bounds__(kMostThreads) attention_kernel(AttentionTask task, bool aligned) {
  const RowView& rows = task.rows;
  const Index r = blockIdx.x;
  if (r >= rows.state->running) return;
  const CudaBlock block;
  const Index sentence = rows.sentence[r];
  const AttendedRow row{rows.begin[sentence], rows.positions[r], task.probe.row(r), aligned};
  auto attention = [&] {
    if constexpr (kIntegers)
      return FixedAttention{task.source, task.shares.row(r), task.codes.row(r)};
    else
      return FloatAttention{task.source,
                            Elements<float, std::int64_t>(task.shares.row(r)).template as<float>()};
  }();
  attention.template score<kMlp>(row);
  block.synchronize();
  if (threadIdx.x < kWarp) {
    const Index most = attention.attend(row);
    if (task.attended != nullptr)
      block.once([&] {
        task.attended[(rows.state->step * task.sentences + sentence) * task.widest +
                      rows.place[r]] = static_cast<std::int32_t>(most);
      });
  }
  block.synchronize();
  float* const both = task.both.row(r);
  attention.write_context(row, both);
  const float* const query = task.query.row(r);
  block.for_each(task.query.cols,
                 [&](Index i) { both[task.both.cols - task.query.cols + i] = query[i]; });
}

template <bool kIntegers>
__global__ void __launch_bounds__(kMostThreads) keys_kernel(KeysTask task) {
  const CudaBlock block;
  const Index position = blockIdx.x;
  float* const keys = task.keys.row(position);
  const int zeros = block.sum(task.keys.cols, [&](Index k) {
    if constexpr (kIntegers) {
      keys[k] = task.grid.snap(keys[k]);
      task.codes.row(position)[k] = static_cast<std::int16_t>(task.grid.code(keys[k]));
    }
    return keys[k] == 0 ? 1 : 0;
  });
  block.once([&] {
    if (zeros != 0)
      atomicAdd(task.zeros + task.lanes.lane_of_frame[position],
                static_cast<unsigned long long>(zeros));
  });
}

template <class T>
bool starts_aligned(const DeviceView<T>& view) {
  return gpu::starts_aligned(view.data, view.stride);
}

}  // namespace

void launch_attention(const Arithmetic& arithmetic, const AttentionTask& task, Index rows,
                      cudaStream_t stream) {
  const bool mlp = task.source.hidden.data != nullptr;
  const auto kernel = std::holds_alternative<Fp32>(arithmetic)
                          ? (mlp ? attention_kernel<false, true> : attention_kernel<false, false>)
                          : (mlp ? attention_kernel<true, true> : attention_kernel<true, false>);
  launch(stream, kernel, {rows},
         threads_for(std::max(task.both.cols, task.probe.cols), kMostThreads), task,
         starts_aligned(task.probe));
}

void launch_keys(const Arithmetic& arithmetic, const KeysTask& task, cudaStream_t stream) {
  if (task.lanes.frames == 0) return;
  const auto kernel =
      std::holds_alternative<Fp32>(arithmetic) ? keys_kernel<false> : keys_kernel<true>;
  launch(stream, kernel, {task.lanes.frames}, threads_for(task.keys.cols, kMostThreads), task);
}

}  // namespace edgeval::gpu
