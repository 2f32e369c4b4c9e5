// A thread block searches an utterance, frame by frame. What it works with lies in shared memory,
// or in device memory where a wide beam or a large vocabulary needs more. The tokens of a frame are
// sorted, those candidates are made that may be among the best (tokens_of_row), and sorted as well.
#include "cuda/ctc/prefix_search.hpp"

#include "cuda/ctc/sort.cuh"
#include "cuda/device/launch.hpp"
#include "host/body/beam.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 256, kBlocksAtOnce = 4;  // 64 registers a thread
constexpr int kNone = -1;
constexpr int kFramesOfBlock = 8;  // that are summed, each by a warp

// The prefixes of the beam, by falling probability.
struct Rows {
  CtcPrefix* prefix;
  int *node, *last;  // in the tree; its last token, kNone at the root
  int* before;       // the row of the prefix without its last token, or kNone
};

// What a search of an utterance works with. All but the counters is scratch.
struct Workspace {
  struct Counters {
    int tokens, extended, nodes, width;
  };
  Rows rows, next;
  CtcPrefix* stays;               // each row where it stays
  int *first_child, *next_child;  // rows whose `before` is a row: the first, and the next of these
  CtcCandidate* candidates;
  FrameToken* tokens;
  Counters* counters;

  template <class T>
  static __device__ T* take(unsigned char*& memory, int count) {
    T* const part = static_cast<T*>(static_cast<void*>(memory));
    memory += count * static_cast<int>(sizeof(T));
    return part;
  }
  // scratch: scratch_bytes(), aligned for 16 bytes.
  __device__ Workspace(unsigned char* scratch, int widest, int most_candidates, int width,
                       Counters* counts)
      : counters(counts) {
    candidates = take<CtcCandidate>(scratch, most_candidates);
    tokens = take<FrameToken>(scratch, width);
    for (CtcPrefix** prefixes : {&rows.prefix, &next.prefix, &stays})
      *prefixes = take<CtcPrefix>(scratch, widest);
    for (int** ints : {&rows.node, &rows.last, &rows.before, &next.node, &next.last, &next.before,
                       &first_child, &next_child})
      *ints = take<int>(scratch, widest);
  }
};

// Searches one utterance.
template <class Rule>
struct Searcher {
  const CudaBlock block;
  const Rule& rule;
  const SoftmaxTables& tables;
  const int width, blank, widest;  // of a frame; the blank's number; of the beam
  PrefixNode* const nodes;
  Workspace work;
  int count = 1;  // rows of the beam

  // Makes a beam of the empty prefix.
  __device__ void start() {
    block.once([&] {
      work.rows.prefix[0] = empty_prefix();
      work.rows.node[0] = 0;
      work.rows.last[0] = work.rows.before[0] = work.first_child[0] = kNone;
      nodes[0] = {kNone, kNone, 0, kNone, kNone};
      *work.counters = {0, 0, 1, 0};
    });
    block.synchronize();
  }

  // Goes through a frame with the outputs z. Returns the width that the rule chose.
  __device__ int step(const FrameSum& frame, const float* z) {
    stay(frame, z);
    // Where the beam is full, candidates behind all prefixes that stay are not among the best.
    std::int64_t least = kNeverLog / 2;
    if (count >= widest)
      least = block.best(
          count, -kNeverLog, [&](Index r) { return work.candidates[r].score; },
          [](std::int64_t a, std::int64_t b) { return a < b; });
    list_tokens(frame, z, least);
    block.for_each(count, [&](Index r) { extend(static_cast<int>(r), least); });
    block.synchronize();
    const int all = count + work.counters->extended;
    sort(block, work.candidates, all,
         [](const CtcCandidate& a, const CtcCandidate& b) { return a.before(b); });
    const int best = all < widest ? all : widest;
    block.once([&] {
      *work.counters = {0, 0, work.counters->nodes,
                        rule.keep(NatsOfCandidates{work.candidates}, best)};
    });
    block.synchronize();
    const int chosen = work.counters->width;
    keep(chosen < best ? chosen : best);
    return chosen;
  }

  __device__ void stay(const FrameSum& frame, const float* z) {
    const std::int64_t of_blank = frame.log_probability(z[blank]);
    const Rows& rows = work.rows;
    block.for_each(count, [&](Index r) {
      const int last = rows.last[r], before = rows.before[r];
      const std::int64_t of_last = last == kNone ? 0 : frame.log_probability(z[last]);
      const std::int64_t extended =
          before == kNone ? kNeverLog
                          : extended_log(rows.prefix[before], rows.last[before] == last, of_last);
      const CtcPrefix after =
          stayed(tables, rows.prefix[r], last != kNone, of_blank, of_last, extended);
      work.stays[r] = after;
      work.candidates[r] = {after.all, CtcCandidate::kStays, static_cast<int>(r)};
    });
  }

  // Lists the tokens behind which the likeliest prefix, and so any, may have a score of `least`.
  __device__ void list_tokens(const FrameSum& frame, const float* z, std::int64_t least) {
    const std::int64_t best = work.rows.prefix[0].all;
    block.for_each(width, [&](Index v) {
      const std::int64_t log = frame.log_probability(z[v]);
      if (v != blank && best + log >= least)
        work.tokens[atomicAdd(&work.counters->tokens, 1)] = {log, static_cast<int>(v)};
    });
    block.synchronize();
    sort(block, work.tokens, work.counters->tokens,
         [](const FrameToken& a, const FrameToken& b) { return a.before(b); });
  }

  // Makes candidates of a row and the tokens that may extend it.
  __device__ void extend(int r, std::int64_t least) {
    const Rows& rows = work.rows;
    const int listed = work.counters->tokens, most = tokens_of_row(r, widest);
    for (int j = 0; j < listed && j < most; ++j) {
      const auto [log, token] = work.tokens[j];
      if (rows.prefix[r].all + log < least) return;  // and so are all behind it
      const std::int64_t score = extended_log(rows.prefix[r], token == rows.last[r], log);
      if (score < least || !is_possible(score)) continue;
      int child = work.first_child[r];
      while (child != kNone && rows.last[child] != token) child = work.next_child[child];
      if (child == kNone)  // else that prefix stays
        work.candidates[count + atomicAdd(&work.counters->extended, 1)] = {score, token, r};
    }
  }

  // Makes rows of the first candidates.
  __device__ void keep(int kept) {
    const Rows &rows = work.rows, &next = work.next;
    block.for_each(count, [&](Index r) { nodes[rows.node[r]].row = kNone; });
    block.for_each(kept, [&](Index i) {
      const CtcCandidate candidate = work.candidates[i];
      int node = rows.node[candidate.row];
      if (candidate.token != CtcCandidate::kStays) {
        node = nodes[node].first_child;
        while (node != kNone && nodes[node].token != candidate.token)
          node = nodes[node].next_sibling;
      }
      next.node[i] = node;  // kNone: the tree lacks it
      next.prefix[i] = candidate.after(work.stays);
      next.last[i] =
          candidate.token == CtcCandidate::kStays ? rows.last[candidate.row] : candidate.token;
    });
    block.synchronize();
    block.for_each(kept, [&](Index i) {
      const int row = static_cast<int>(i);
      work.first_child[i] = kNone;
      if (next.node[i] != kNone) {
        nodes[next.node[i]].row = row;
        return;
      }
      const int node = atomicAdd(&work.counters->nodes, 1);
      const int parent = rows.node[work.candidates[i].row];
      nodes[node] = {parent, next.last[i], row, kNone,
                     atomicExch(&nodes[parent].first_child, node)};
      next.node[i] = node;
    });
    block.synchronize();
    block.for_each(kept, [&](Index i) {
      const int parent = nodes[next.node[i]].parent;
      const int before = parent == kNone ? kNone : nodes[parent].row;
      next.before[i] = before;
      if (before != kNone)
        work.next_child[i] = atomicExch(&work.first_child[before], static_cast<int>(i));
    });
    // No thread reads what others wrote here before the next frame's first barrier.
    const Rows gone = work.rows;
    work.rows = work.next;
    work.next = gone;
    count = kept;
  }

  // Writes the tokens of the likeliest prefix in front of `end` and returns their number. A single
  // thread runs it.
  __device__ Index spell(std::int32_t* end) const {
    Index length = 0;
    for (int node = work.rows.node[0]; nodes[node].parent != kNone; node = nodes[node].parent)
      end[-++length] = nodes[node].token;
    return length;
  }
};

template <class Rule>
__global__ void __launch_bounds__(kMostThreads, kBlocksAtOnce)
    prefix_search_kernel(Rule rule, PrefixSearch task, Index first, int most_candidates,
                         Index bytes) {
  EDGEVAL_SHARED(Workspace::Counters, counters, 1);
  const Index utterance = first + blockIdx.x, begin = task.begin[utterance],
              end = task.begin[utterance + 1];
  unsigned char* scratch = task.scratch;
  if (scratch == nullptr) {
    EDGEVAL_DYNAMIC_SHARED(unsigned char, shared);
    scratch = shared;
  } else {
    scratch += blockIdx.x * bytes;
  }
  Searcher<Rule> search{
      .block = {},
      .rule = rule,
      .tables = task.softmax,
      .width = static_cast<int>(task.outputs.cols),
      .blank = task.blank,
      .widest = task.widest,
      .nodes = task.nodes + nodes_of(begin - task.begin[first], blockIdx.x, task.widest),
      .work = Workspace(scratch, task.widest, most_candidates, static_cast<int>(task.outputs.cols),
                        counters)};
  search.start();
  FoundPrefix found{.score = 0, .rows = 0, .widths = 0, .overflowed = kNone, .length = 0};
  for (Index row = begin; row < end; ++row) {
    const FrameSum frame = task.sums[row];
    if (!is_finite(frame.most)) {
      found.overflowed = row - begin;
      break;
    }
    found.rows += static_cast<unsigned long long>(search.count);
    found.widths += static_cast<unsigned long long>(search.step(frame, task.outputs.row(row)));
  }
  search.block.once([&] {
    found.score = search.work.rows.prefix[0].all;
    if (found.overflowed == kNone) found.length = search.spell(task.ids + end);
    task.found[utterance] = found;
  });
}

__global__ void __launch_bounds__(kFramesOfBlock* kWarp) frame_sums_kernel(PrefixSearch task) {
  const Index row = Index{blockIdx.x} * kFramesOfBlock + threadIdx.x / kWarp;
  if (row >= task.outputs.rows) return;
  const CudaWarp warp;
  const float* const z = task.outputs.row(row);
  const int wild =
      warp.total<int>(task.outputs.cols, [&](Index v) { return is_finite(z[v]) ? 0 : 1; });
  const FrameSum sum =
      wild > 0 ? FrameSum{kInfinity, 0} : frame_sum(warp, task.softmax, z, task.outputs.cols);
  warp.once([&] { task.sums[row] = sum; });
}

int most_candidates(int widest) {
  int most = widest;  // that stay
  for (int row = 0; row < widest; ++row) most += tokens_of_row(row, widest);
  return most;
}

}  // namespace

Index scratch_bytes(Index tokens, Index widest) {
  const Index sorted = most_candidates(static_cast<int>(widest)) * Index{sizeof(CtcCandidate)} +
                       tokens * Index{sizeof(FrameToken)};
  const Index rows = widest * (3 * Index{sizeof(CtcPrefix)} + 8 * Index{sizeof(int)});
  return sorted + blocks_of(rows, 16) * 16;  // so that the next one's begins aligned
}

void launch_frame_sums(const PrefixSearch& task, cudaStream_t stream) {
  if (task.outputs.rows == 0) return;
  launch(stream, frame_sums_kernel, {blocks_of(task.outputs.rows, kFramesOfBlock)},
         kFramesOfBlock * kWarp, task);
}

void launch_prefix_search(const Beam& beam, const PrefixSearch& task, Index first, Index count,
                          cudaStream_t stream) {
  if (count == 0) return;
  const Index bytes = scratch_bytes(task.outputs.cols, task.widest);
  const ThreadBlock block(
      threads_for(std::max(Index{task.widest}, blocks_of(task.outputs.cols, 4)), kMostThreads),
      task.scratch == nullptr ? bytes : 0);
  std::visit(
      [&](const auto& choice) {
        const auto rule = choice.rule();
        using Rule = std::remove_const_t<decltype(rule)>;
        launch(stream, prefix_search_kernel<Rule>, {count}, block, rule, task, first,
               most_candidates(task.widest), bytes);
      },
      beam);
}

}  // namespace edgeval::gpu
