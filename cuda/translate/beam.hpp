// A step of the beam search on the device, from the generator's sums to the rows of the next step
// (bodies in host/body/beam.hpp and softmax.hpp). What was kept, step by step, stays for the
// host, which makes hypotheses of it.
#pragma once

#include "cuda/translate/search_rows.hpp"
#include "host/body/beam.hpp"
#include "host/engine/translate/decoder_engine.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval::gpu {

// A row of the next step.
struct NextRow {
  float score;
  std::int32_t token, parent;  // parent: row of this step
};

// In device memory, for S sentences of at most `widest` rows.
struct SearchView {
  Index sentences, widest;
  SearchEnd end;
  int shortest, eos;
  Index* live;             // [S + 1] rows of the next step; 0 behind the last
  Index* first;            // [S + 1] the first of them among all
  std::int32_t* ended;     // [S] hypotheses so far
  Candidate* of_rows;      // [R, widest]
  int* heads;              // [S, widest], scratch
  NextRow* next;           // [S, widest]
  Candidate* candidates;   // [steps, S, widest] the best, for the host
  std::int32_t* width;     // [steps, S] of the beam
  std::int32_t* attended;  // [steps, S, widest]
};

class SearchMemory {
 public:
  // steps: the most that will be made; rows: R.
  void reserve(Index rows, Index sentences, Index widest, Index steps, cudaStream_t stream);
  // One live row for each sentence.
  void start(const Stream& stream);
  SearchView view(const SearchOptions& options, int eos) const;
  // Rows of the next step: live -> first.
  void scan(cudaStream_t stream) const;

  // What the host replays of every step and sentence: `widest` candidates and positions attended,
  // one width.
  struct History {
    std::vector<Candidate> candidates;
    std::vector<std::int32_t> width, attended;
  };
  History download(Index steps, cudaStream_t stream) const;

 private:
  Index sentences_ = 0, widest_ = 0;
  DeviceBuffer<Index> live_, first_;
  DeviceBuffer<std::int32_t> ended_, width_, attended_;
  DeviceBuffer<Candidate> of_rows_, candidates_;
  DeviceBuffer<int> heads_;
  DeviceBuffer<NextRow> next_;
  DeviceBuffer<unsigned char> scratch_;  // of CUB
  std::size_t scan_bytes_ = 0;
};

// The generator's sums and where its log-probabilities go.
struct VocabularyTask {
  SumRows sums;
  PolicyStruct numbers;                 // of the generator
  DeviceView<float> log_probabilities;  // [R, V]
  DeviceView<std::int32_t> logits;      // [R, V], scratch of integers
  SoftmaxTables softmax;
};

// Log-probabilities and the best candidates of every row.
void launch_candidates(const Arithmetic& arithmetic, const VocabularyTask& task,
                       const RowView& rows, const SearchView& search, Index count,
                       cudaStream_t stream);
// Log-probabilities; that of tokens [R] is added to sums [S] of the rows' sentences.
void launch_scores(const Arithmetic& arithmetic, const VocabularyTask& task, const RowView& rows,
                   const std::int32_t* tokens, double* sums, Index count, cudaStream_t stream);
// The best of each sentence, the width that the beam chooses, and who lives on.
void launch_choose(const Beam& beam, const RowView& rows, const SearchView& search,
                   cudaStream_t stream);
// After the scan: the rows of the next step.
void launch_next_rows(const RowView& rows, const SearchView& search, cudaStream_t stream);

}  // namespace edgeval::gpu
