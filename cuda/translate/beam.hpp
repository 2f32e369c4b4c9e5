// Runs a step of the beam search on the device, from the best candidates of its rows
// (vocabulary.hpp) to the rows of the next step (bodies in host/body/beam.hpp). The candidates of
// every step are kept for the host, which makes hypotheses of them.
#pragma once

#include "cuda/translate/search_rows.hpp"
#include "host/body/beam.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval::gpu {

// A row of the next step.
struct NextRow {
  float score;
  std::int32_t token, parent;  // parent: row of this step
};

// The search of S sentences of at most `widest` rows, in device memory.
struct SearchView {
  Index sentences, widest;
  SearchEnd end;
  int shortest, eos;
  Index* live;             // [S + 1] number of rows in the next step; 0 behind the last sentence
  Index* first;            // [S + 1] number of the first of these among all rows
  std::int32_t* ended;     // [S] how many hypotheses have ended
  Candidate* of_rows;      // [R, widest]
  int* heads;              // [S, widest], scratch
  NextRow* next;           // [S, widest]
  Candidate* candidates;   // [steps, S, widest] the best ones, for the host
  std::int32_t* width;     // [steps, S] width that the beam chose, for the host
  std::int32_t* attended;  // [steps, S, widest] as in AttentionTask, for the host
};

class SearchMemory {
 public:
  // Takes all memory. steps: the most that will be made; rows: the most of a step.
  void reserve(Index rows, Index sentences, Index widest, Index steps, cudaStream_t stream);
  // Begins a search with one live row for each sentence.
  void start(const Stream& stream);
  SearchView view(const SearchOptions& options, int eos) const;
  // Computes SearchView::first, the rows of the next step, from live.
  void scan(cudaStream_t stream) const;

  // What the host needs to replay a search: for every step and sentence `widest` candidates and
  // attended positions, and one width.
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

// Finds the best candidates of each sentence, lets the beam choose its width, and decides who lives
// on.
void launch_choose(const Beam& beam, const RowView& rows, const SearchView& search,
                   cudaStream_t stream);
// Writes the rows of the next step, after the scan.
void launch_next_rows(const RowView& rows, const SearchView& search, cudaStream_t stream);

}  // namespace edgeval::gpu
