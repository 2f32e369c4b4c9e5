#include "cuda/ctc/prefix_searcher.hpp"

#include <limits>

#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

// Returns the bytes of device memory that a block works with beside its tree.
Index device_scratch_bytes(Index outputs, int widest) {
  const Index bytes = scratch_bytes(outputs, widest);
  return bytes <= kMostSharedScratch ? 0 : bytes;
}

}  // namespace

template <class Visit>
void PrefixSearcher::for_parts(std::span<const Index> offsets, Index outputs, Visit visit) const {
  const Index utterances = std::ssize(offsets) - 1;
  const Index scratch = device_scratch_bytes(outputs, widest_);
  for (Index first = 0, last = 0; first < utterances; first = last) {
    Index nodes = 0;
    do {
      const Index more = nodes_of(offsets[last + 1] - offsets[last], 1, widest_);
      const Index bytes = (nodes + more) * Index{sizeof(PrefixNode)} + (last + 1 - first) * scratch;
      if (last > first && bytes > bytes_) break;
      nodes += more;
    } while (++last < utterances);
    visit(first, last - first, nodes);
  }
}

void PrefixSearcher::reserve(std::span<const Index> offsets, Index outputs, int widest,
                             const Stream& stream) {
  for (Index n = 0; n + 1 < std::ssize(offsets); ++n) {
    const Index frames = offsets[n + 1] - offsets[n];
    EDGEVAL_EXPECTS(nodes_of(frames, 1, widest) <= std::numeric_limits<std::int32_t>::max(),
                    "an utterance of ", frames, " frames has too many prefixes for a beam of ",
                    widest, "; use a narrower one");
  }
  widest_ = widest;
  softmax_.upload(stream);
  sums_.reserve_discarding(offsets.back(), stream);
  ids_.reserve_discarding(offsets.back(), stream);
  found_.reserve_discarding(std::ssize(offsets) - 1, stream);
  for_parts(offsets, outputs, [&](Index, Index count, Index nodes) {
    nodes_.reserve_discarding(nodes, stream);
    scratch_.reserve_discarding(count * device_scratch_bytes(outputs, widest), stream);
  });
}

std::vector<CtcSearch> PrefixSearcher::search(const Beam& beam, int blank,
                                              DeviceView<const float> outputs,
                                              std::span<const Index> offsets, const Index* begin,
                                              const Stream& stream) {
  const int widest = widest_of(beam);
  EDGEVAL_ASSERT(widest <= widest_);
  const PrefixSearch task{
      .outputs = outputs,
      .begin = begin,
      .softmax = softmax_.view(),
      .blank = blank,
      .widest = widest,
      .sums = sums_.data(),
      .nodes = nodes_.data(),
      .scratch = device_scratch_bytes(outputs.cols, widest) == 0 ? nullptr : scratch_.data(),
      .ids = ids_.data(),
      .found = found_.data()};
  launch_frame_sums(task, stream);
  for_parts(offsets, outputs.cols, [&](Index first, Index count, Index /*nodes*/) {
    launch_prefix_search(beam, task, first, count, stream);
  });
  const std::size_t utterances = offsets.size() - 1;
  std::vector<FoundPrefix> found(utterances);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(offsets.back()));
  const Settle settle;
  found_.download(found.data(), std::ssize(found), stream);
  ids_.download(ids.data(), std::ssize(ids), stream);
  stream.synchronize();
  std::vector<CtcSearch> searches(utterances);
  for (std::size_t n = 0; n < utterances; ++n) {
    const FoundPrefix& of = found[n];
    searches[n].overflowed = of.overflowed;
    if (of.overflowed >= 0) continue;
    const auto end = ids.begin() + offsets[n + 1];
    searches[n] = {.ids = {end - of.length, end},
                   .score = static_cast<double>(of.score) / (1 << kStateBits),
                   .frames = static_cast<std::uint64_t>(offsets[n + 1] - offsets[n]),
                   .rows = of.rows,
                   .beam_width_sum = of.widths};
  }
  return searches;
}

}  // namespace edgeval::gpu
