// Kernels over the vocabulary. A thread block owns a row and goes over its words twice, four
// neighbouring ones of a thread at a time: once for the greatest score z, once for the sum of their
// exponentials. Where they fit, the scores wait in shared memory in between; else they are made
// again from the sums.
//
// The second time also lists the words that may be among the best. Of the first one, each of 32
// groups of words has a greatest score, and the k-th greatest of these is no greater than the k-th
// greatest score of all. With what may tie with it after rounding (lowest_tie) that is the least
// score of interest, above which there are rarely more than a few dozen words. Only these get a
// log-probability, and a place by counting the candidates before them. Where more than the list
// holds are left, which takes a wide beam or scores that are all alike, the best are found one by
// one.
#include "cuda/device/block.cuh"
#include "cuda/device/four.hpp"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/softmax_tables.hpp"
#include "cuda/translate/vocabulary.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 256;
constexpr int kMostListed = 256;
constexpr Index kMostKept = 9216;  // words whose scores fit into shared memory
constexpr unsigned kAll = 0xFFFFFFFF;

// Returns the scores of the four words from `at` on.
template <class Numbers, class Access, class Sums>
__device__ Four<typename Numbers::State> scores_of(const Numbers& numbers, Access access,
                                                   const Sums& sums, int at) {
  if constexpr (requires { numbers.input_parts(access, sums, at); }) {
    return numbers.input_parts(access, sums, at);
  } else {
    Four<typename Numbers::State> z{};
    EDGEVAL_UNROLL
    for (int i = 0; i < kFour; ++i)
      if (access.has(i)) z[i] = numbers.input_part(sums[at + i], at + i);
    return z;
  }
}

// The scores of a row, of which every thread reads its own words.
template <class Numbers, class Sums>
struct ScoreRow {
  using Score = typename Numbers::State;
  const Numbers& numbers;
  Sums sums;
  int width;
  bool aligned;  // whether four words can be loaded together
  bool keeps;    // whether the scores are kept in dynamic shared memory

  static __device__ Score* kept() {
    EDGEVAL_DYNAMIC_SHARED(Score, scores);
    return scores;
  }

  // Calls visit(access, at) for every four words of the thread.
  template <class Visit>
  __device__ void for_fours(Visit visit) const {
    gpu::for_fours(threadIdx.x, blockDim.x, width, aligned, visit);
  }

  // Keeps the scores of the thread's words and returns the greatest.
  __device__ Score keep() const {
    Score most = kLeast<Score>;
    for_fours([&](auto access, int at) {
      const Four<Score> z = scores_of(numbers, access, sums, at);
      if (keeps) access.store(kept() + at, z);
      EDGEVAL_UNROLL
      for (int i = 0; i < kFour; ++i)
        if (access.has(i) && z[i] > most) most = z[i];
    });
    return most;
  }

  // Returns the sum of the weights of the thread's words, once they are kept, and calls
  // list(word, score) for each score of `lowest` or more.
  template <class Softmax, class List>
  __device__ typename Softmax::Sum weigh(const Softmax& softmax, Score lowest, List list) const {
    typename Softmax::Sum sum = 0;
    for_fours([&](auto access, int at) {
      const Four<Score> z = keeps ? access.load(kept() + at) : scores_of(numbers, access, sums, at);
      bool any = false;
      EDGEVAL_UNROLL
      for (int i = 0; i < kFour; ++i)
        if (access.has(i)) {
          sum += softmax.weight(z[i]);
          any |= z[i] >= lowest;
        }
      if (!any) return;
      EDGEVAL_UNROLL
      for (int i = 0; i < kFour; ++i)
        if (access.has(i) && z[i] >= lowest) list(at + i, z[i]);
    });
    return sum;
  }

  __device__ Score operator[](Index v) const { return numbers.input_part(sums[v], v); }
};

__device__ FloatLogSoftmax log_softmax_of(const SoftmaxTables&, float most) { return {most}; }
__device__ FixedLogSoftmax log_softmax_of(const SoftmaxTables& tables, std::int32_t most) {
  return {tables, most};
}

// Calls work(row, tables) with row r of the task. The tables are in shared memory, where they must
// not be read before the block's next barrier.
template <class Format, class Numbers, class Work>
__device__ void with_row(CudaBlock block, const VocabularyTask& task, bool aligned, Index r,
                         Work work) {
  using Score = typename Numbers::State;
  const Numbers numbers = task.numbers.as<Numbers>();
  const auto sums = Format::sums(task.sums, r, task.width);
  const ScoreRow<Numbers, std::remove_const_t<decltype(sums)>> row{
      numbers, sums, static_cast<int>(task.width), aligned, task.width <= kMostKept};
  if constexpr (std::is_same_v<Score, float>) {
    work(row, SoftmaxTables{});
  } else {
    EDGEVAL_SHARED(std::uint32_t, power, kSoftmaxKnots);
    block.for_each(kSoftmaxKnots, [&](Index k) { power[k] = task.softmax.power[k]; });
    work(row, SoftmaxTables{power, task.softmax.logarithm});
  }
}

// Returns the sum of a value of every thread.
template <class T>
__device__ T total(CudaBlock block, T mine) {
  return block.total<T>(blockDim.x, [&](Index) { return mine; });
}

// Returns to lane i of a warp the i-th greatest of its lanes' values.
template <class T>
__device__ T sorted_in_warp(T mine) {
  const unsigned lane = threadIdx.x % kWarp;
  for (unsigned run = 2; run <= kWarp; run *= 2)
    for (unsigned apart = run / 2; apart > 0; apart /= 2) {
      const T other = __shfl_xor_sync(kAll, mine, static_cast<int>(apart));
      const bool takes_greater = ((lane & apart) == 0) == ((lane & run) == 0);
      if (takes_greater == (other > mine)) mine = other;
    }
  return mine;
}

// A single overflow makes all log-probabilities of a row infinite or not a number; such rows are
// counted.
template <class Row, class Softmax>
__device__ bool overflows(CudaBlock block, const Row& row, const Softmax& softmax,
                          SearchState* state) {
  if (std::is_same_v<Softmax, FixedLogSoftmax> ||
      absolute(softmax.log_probability(row[0])) < kInfinity)
    return false;
  block.once([&] { atomicAdd(&state->overflowed, 1ULL); });
  return true;
}

// Writes the best `count` candidates of a row to best [count], as row_candidates does.
template <class Row>
__device__ void best_candidates(CudaBlock block, const Row& row, const SoftmaxTables& tables,
                                const CandidateRow& from, int count, Candidate* best,
                                SearchState* state) {
  using Score = typename Row::Score;
  struct Word {
    Score score;
    int token;
  };
  EDGEVAL_SHARED(Score, of_thread, kMostThreads);
  EDGEVAL_SHARED(Word, words, kMostListed);
  EDGEVAL_SHARED(Candidate, found, kMostListed);
  EDGEVAL_SHARED(int, listed, 1);
  of_thread[threadIdx.x] = row.keep();
  block.once([&] { *listed = 0; });
  block.synchronize();
  Score of_group = kLeast<Score>;
  for (unsigned t = threadIdx.x % kWarp; t < blockDim.x; t += kWarp)
    of_group = of_thread[t] > of_group ? of_thread[t] : of_group;
  of_group = sorted_in_warp(of_group);
  auto softmax = log_softmax_of(tables, __shfl_sync(kAll, of_group, 0));
  const int places = count + (from.barred < 0 ? 0 : 1);  // one of these may be the barred token's
  const Score bound = __shfl_sync(kAll, of_group, places - 1);
  const Score lowest = places <= kWarp ? lowest_tie(softmax, from.before, bound) : kLeast<Score>;
  const auto sum = row.weigh(softmax, lowest, [&](int token, Score z) {
    if (token == from.barred) return;
    const int place = atomicAdd(listed, 1);
    if (place < kMostListed) words[place] = {z, token};
  });
  softmax.set_sum(total(block, sum));
  const int left = overflows(block, row, softmax, state) ? 0 : *listed;
  if (left > kMostListed) {
    row_candidates(
        block, from, row.width, [&](Index v) { return softmax.log_probability(row[v]); }, count,
        best);
    return;
  }
  block.for_each(left, [&](Index i) {
    found[i] = from.candidate(softmax.log_probability(words[i].score), words[i].token);
  });
  block.synchronize();
  block.for_each(left, [&](Index i) {
    int place = 0;
    for (int j = 0; j < left; ++j) place += found[j].before(found[i]) ? 1 : 0;
    if (place < count) best[place] = found[i];
  });
  block.for_each(count, [&](Index i) {
    if (i >= left) best[i] = no_candidate();
  });
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads)
    candidates_kernel(VocabularyTask task, bool aligned, RowView rows, SearchView search) {
  const Index r = blockIdx.x;
  if (r >= rows.state->running) return;
  const CudaBlock block;
  const CandidateRow from{rows.score[r], rows.place[r],
                          rows.state->step < search.shortest ? search.eos : -1};
  with_row<Format, Numbers>(block, task, aligned, r, [&](const auto& row, auto tables) {
    best_candidates(block, row, tables, from, static_cast<int>(search.widest),
                    search.of_rows + r * search.widest, rows.state);
  });
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads)
    scores_kernel(VocabularyTask task, bool aligned, RowView rows, const std::int32_t* tokens,
                  double* sums) {
  const Index r = blockIdx.x;
  if (r >= rows.state->running) return;
  const CudaBlock block;
  with_row<Format, Numbers>(block, task, aligned, r, [&](const auto& row, auto tables) {
    using Score = typename std::remove_cvref_t<decltype(row)>::Score;
    const Score mine = row.keep();
    auto softmax =
        log_softmax_of(tables, block.best(
                                   blockDim.x, kLeast<Score>, [&](Index) { return mine; },
                                   [](Score a, Score b) { return a > b; }));
    const auto sum = row.weigh(softmax, kLeast<Score>, [](int, Score) {});
    softmax.set_sum(total(block, sum));
    overflows(block, row, softmax, rows.state);
    block.once([&] {
      sums[rows.sentence[r]] += static_cast<double>(softmax.log_probability(row[tokens[r]]));
    });
  });
}

// Calls launch(Types<Format, Numbers>, aligned, block of threads) for the task.
template <class Launch>
void with_vocabulary(const Arithmetic& arithmetic, const VocabularyTask& task,
                     const Launch& launch) {
  const ThreadBlock block(threads_for(blocks_of(task.width, kFour), kMostThreads),
                          task.width <= kMostKept ? task.width * Index{sizeof(float)} : 0);
  std::visit(
      [&](const auto& choice) {
        using Format = decltype(format_of(choice));
        // Of two digits, the lower one's sums begin behind the upper one's.
        const bool aligned =
            starts_aligned(task.sums) && (choice.kBits != 16 || task.width % kFour == 0);
        if (task.sums_fit)
          launch(Types<Format, typename Format::StepNumbers>{}, aligned, block);
        else
          launch(Types<Format, typename Format::Numbers>{}, aligned, block);
      },
      arithmetic);
}

}  // namespace

void launch_candidates(const Arithmetic& arithmetic, const VocabularyTask& task,
                       const RowView& rows, const SearchView& search, Index count,
                       cudaStream_t stream) {
  with_vocabulary(arithmetic, task,
                  [&]<class Format, class Numbers>(Types<Format, Numbers>, bool aligned,
                                                   const ThreadBlock& block) {
                    launch(stream, candidates_kernel<Format, Numbers>, {count}, block, task,
                           aligned, rows, search);
                  });
}

void launch_scores(const Arithmetic& arithmetic, const VocabularyTask& task, const RowView& rows,
                   const std::int32_t* tokens, double* sums, Index count, cudaStream_t stream) {
  with_vocabulary(arithmetic, task,
                  [&]<class Format, class Numbers>(Types<Format, Numbers>, bool aligned,
                                                   const ThreadBlock& block) {
                    launch(stream, scores_kernel<Format, Numbers>, {count}, block, task, aligned,
                           rows, tokens, sums);
                  });
}

}  // namespace edgeval::gpu
