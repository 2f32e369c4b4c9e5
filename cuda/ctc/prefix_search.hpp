// Kernels of CTC's prefix beam search (host/engine/ctc_beam.hpp says what is searched and how ties
// are broken; host/body/ctc_beam.hpp has its scores). An utterance is a thread block's.
#pragma once

#include "cuda/device/memory.hpp"
#include "host/body/ctc_beam.hpp"
#include "host/technique/beam.hpp"

namespace edgeval::gpu {

// A prefix that was in the beam once. No other node of the utterance's tree has the same one.
struct PrefixNode {
  std::int32_t parent, token;              // the root has no parent: -1
  std::int32_t row;                        // in the beam; -1: it is not there
  std::int32_t first_child, next_sibling;  // -1: none
};

// What was found for an utterance.
struct FoundPrefix {
  std::int64_t score;
  unsigned long long rows, widths;  // summed over the frames
  Index overflowed;                 // the frame whose outputs are not finite; -1: there is none
  Index length;                     // of the prefix
};

// A search. All arrays are in device memory.
struct PrefixSearch {
  DeviceView<const float> outputs;  // [frames of all utterances, tokens]
  const Index* begin;               // [utterances + 1] the row where each one's frames begin
  SoftmaxTables softmax;
  int blank, widest;
  FrameSum* sums;  // [frames]
  // nodes_of() the utterances that a launch searches, those of one after the other's.
  PrefixNode* nodes;
  // scratch_bytes() for each of these utterances; null: in shared memory.
  unsigned char* scratch;
  std::int32_t* ids;   // [frames]; those of an utterance end where its frames end
  FoundPrefix* found;  // [utterances]
};

// Returns how many nodes the trees of so many utterances, with so many frames together, have at
// most.
EDGEVAL_HD Index nodes_of(Index frames, Index utterances, Index widest) {
  return frames * widest + utterances;
}
// Returns the bytes that a search of an utterance works with, beside its tree.
Index scratch_bytes(Index tokens, Index widest);
// The most of these bytes that are in shared memory. With what the kernel has there beside them no
// device needs to be asked for more than it gives every kernel.
inline constexpr Index kMostSharedScratch = 47 << 10;

// Writes sums [frames]. A frame with outputs that are not finite has an infinite one.
void launch_frame_sums(const PrefixSearch& task, cudaStream_t stream);
// Searches the utterances [first, first + count), for which there are nodes and scratch.
void launch_prefix_search(const Beam& beam, const PrefixSearch& task, Index first, Index count,
                          cudaStream_t stream);

}  // namespace edgeval::gpu
