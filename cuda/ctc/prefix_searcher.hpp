// CTC's prefix beam search for a batch of utterances, whose outputs are in device memory.
#pragma once

#include "cuda/ctc/prefix_search.hpp"
#include "cuda/kernel/softmax_tables.hpp"
#include "host/engine/ctc_beam.hpp"

namespace edgeval::gpu {

class PrefixSearcher {
 public:
  // bytes: of the trees and scratch of those utterances that are searched at once, at most; those
  // of a single utterance may be more.
  explicit PrefixSearcher(Index bytes) : bytes_(bytes) {}

  // Takes the memory for searches of utterances that have so many outputs a frame, with beams up to
  // a width. offsets: [utterances + 1] where their frames begin, from 0 on. Throws Error where the
  // nodes of an utterance's tree are too many to be numbered.
  void reserve(std::span<const Index> offsets, Index outputs, int widest, const Stream& stream);
  // Searches the utterances of the last reserve(), with a beam up to its width. outputs: [frames of
  // all, outputs a frame]. begin: `offsets` in device memory. It waits for the stream.
  std::vector<CtcSearch> search(const Beam& beam, int blank, DeviceView<const float> outputs,
                                std::span<const Index> offsets, const Index* begin,
                                const Stream& stream);

 private:
  // Calls visit(first, count, nodes) for utterances that are searched at once. A narrower beam than
  // that of reserve() has the same ones, whose trees have no more than these nodes.
  template <class Visit>
  void for_parts(std::span<const Index> offsets, Index outputs, Visit visit) const;

  Index bytes_;
  int widest_ = 0;  // of the beams there is memory for
  DeviceSoftmaxTables softmax_;
  DeviceBuffer<FrameSum> sums_;
  DeviceBuffer<PrefixNode> nodes_;
  DeviceBuffer<unsigned char> scratch_;
  DeviceBuffer<std::int32_t> ids_;
  DeviceBuffer<FoundPrefix> found_;
};

}  // namespace edgeval::gpu
