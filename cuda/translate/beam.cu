// Kernels of the beam search over the candidates of the rows. A thread block owns a sentence, whose
// few rows leave most of its threads idle; thousands of sentences fill the chip all the same.
#include <cub/device/device_scan.cuh>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/translate/beam.hpp"

namespace edgeval::gpu {
namespace {

// Decides what a sentence keeps of best [widest]. A single thread runs it.
template <class Rule>
__device__ void keep(const Rule& rule, const RowView& rows, const SearchView& search,
                     Index sentence, const Candidate* best) {
  const Index step = rows.state->step, first = search.first[sentence];
  int count = 0;
  while (count < search.widest && best[count].exists()) ++count;
  const int width = chosen_width(rule, best, count), kept = width < count ? width : count;
  search.width[step * search.sentences + sentence] = width;
  NextRow* const next = search.next + sentence * search.widest;
  Index live = 0;
  for (int i = 0; i < kept; ++i) {
    if (best[i].token == search.eos)
      ++search.ended[sentence];
    else
      next[live++] = {best[i].score, best[i].token, static_cast<std::int32_t>(first + best[i].row)};
  }
  const bool best_ended = kept > 0 && best[0].token == search.eos;
  const bool done =
      search.end.reached(static_cast<int>(step) + 1, search.ended[sentence], live, best_ended);
  search.live[sentence] = done ? 0 : live;
  if (done) atomicAdd(&rows.state->finished, 1ULL);
}

template <class Rule>
__global__ void choose_kernel(Rule rule, RowView rows, SearchView search) {
  const Index sentence = blockIdx.x, count = search.live[sentence];
  if (rows.state->running == 0 || count == 0) return;
  const CudaBlock block;
  const Index slot = sentence * search.widest;
  Candidate* const best =
      search.candidates + rows.state->step * search.sentences * search.widest + slot;
  merge_candidates(block, search.of_rows + search.first[sentence] * search.widest,
                   static_cast<int>(count), static_cast<int>(search.widest), search.heads + slot,
                   best);
  block.once([&] { keep(rule, rows, search, sentence, best); });
}

__global__ void next_rows_kernel(RowView rows, SearchView search) {
  if (rows.state->running == 0) return;
  const Index sentence = blockIdx.x, first = search.first[sentence];
  CudaBlock{}.for_each(search.live[sentence], [&](Index i) {
    const NextRow& next = search.next[sentence * search.widest + i];
    const Index r = first + i;
    rows.sentence[r] = static_cast<std::int32_t>(sentence);
    rows.place[r] = static_cast<std::int32_t>(i);
    rows.token[r] = next.token;
    rows.parent[r] = next.parent;
    rows.score[r] = next.score;
  });
}

}  // namespace

void SearchMemory::reserve(Index rows, Index sentences, Index widest, Index steps,
                           cudaStream_t stream) {
  sentences_ = sentences;
  widest_ = widest;
  live_.reserve_discarding(sentences + 1, stream);
  first_.reserve_discarding(sentences + 1, stream);
  ended_.reserve_discarding(sentences, stream);
  width_.reserve_discarding(steps * sentences, stream);
  attended_.reserve_discarding(steps * sentences * widest, stream);
  candidates_.reserve_discarding(steps * sentences * widest, stream);
  of_rows_.reserve_discarding(rows * widest, stream);
  heads_.reserve_discarding(sentences * widest, stream);
  next_.reserve_discarding(sentences * widest, stream);
  EDGEVAL_CUDA(cub::DeviceScan::ExclusiveSum(nullptr, scan_bytes_, live_.data(), first_.data(),
                                             sentences + 1, stream));
  scratch_.reserve_discarding(static_cast<Index>(scan_bytes_), stream);
}

void SearchMemory::start(const Stream& stream) {
  std::vector<Index> one_each(static_cast<std::size_t>(sentences_), 1);
  one_each.push_back(0);
  live_.upload(one_each, stream);
  ended_.zero(sentences_, stream);
  scan(stream);
}

void SearchMemory::scan(cudaStream_t stream) const {
  std::size_t bytes = scan_bytes_;
  EDGEVAL_CUDA(cub::DeviceScan::ExclusiveSum(scratch_.data(), bytes, live_.data(), first_.data(),
                                             sentences_ + 1, stream));
}

SearchView SearchMemory::view(const SearchOptions& options, int eos) const {
  return {.sentences = sentences_,
          .widest = widest_,
          .end = {options.n_best, options.longest},
          .shortest = options.shortest,
          .eos = eos,
          .live = live_.data(),
          .first = first_.data(),
          .ended = ended_.data(),
          .of_rows = of_rows_.data(),
          .heads = heads_.data(),
          .next = next_.data(),
          .candidates = candidates_.data(),
          .width = width_.data(),
          .attended = attended_.data()};
}

SearchMemory::History SearchMemory::download(Index steps, cudaStream_t stream) const {
  const Index widths = steps * sentences_, rows = widths * widest_;
  History history{std::vector<Candidate>(static_cast<std::size_t>(rows)),
                  std::vector<std::int32_t>(static_cast<std::size_t>(widths)),
                  std::vector<std::int32_t>(static_cast<std::size_t>(rows))};
  const Settle settle;
  candidates_.download(history.candidates.data(), rows, stream);
  width_.download(history.width.data(), widths, stream);
  attended_.download(history.attended.data(), rows, stream);
  EDGEVAL_CUDA(cudaStreamSynchronize(stream));
  return history;
}

void launch_choose(const Beam& beam, const RowView& rows, const SearchView& search,
                   cudaStream_t stream) {
  std::visit(
      [&](const auto& choice) {
        const auto rule = choice.rule();
        using Rule = std::remove_const_t<decltype(rule)>;
        launch(stream, choose_kernel<Rule>, {search.sentences}, threads_for(search.widest), rule,
               rows, search);
      },
      beam);
}

void launch_next_rows(const RowView& rows, const SearchView& search, cudaStream_t stream) {
  launch(stream, next_rows_kernel, {search.sentences}, threads_for(search.widest), rows, search);
}

}  // namespace edgeval::gpu
