// The plan of one layer and direction: how alike adjacent inputs are, then which steps run. It
// reads the layer's inputs only, never h, so it is known for a whole sequence before the recurrence
// starts (docs/techniques.md, "Similarity skip").
#pragma once

#include "host/body/block.hpp"
#include "host/technique/similarity_skip.hpp"

namespace edgeval {

// How many elements of frame t are not zero in fixed point, and how many of these have other upper
// bits than in a neighbouring frame.
struct FrameSimilarity {
  int active;
  int differing_before;  // from frame t-1; 0 for the first frame
  int differing_after;   // from frame t+1; 0 for the last frame
};

// Brings x [C] into the score's 16-bit fixed point, q [C].
template <class Block>
EDGEVAL_HD void quantize_frame(Block block, const SimilaritySkip::Rule& rule, const float* x,
                               Index width, std::int16_t* q) {
  block.for_each(width, [&](Index i) { q[i] = static_cast<std::int16_t>(rule.quantize(x[i])); });
}

// Returns the similarity of frame t. q is the sequence [T, C] in fixed point.
template <class Block>
EDGEVAL_HD FrameSimilarity similarity_of_frame(Block block, const SimilaritySkip::Rule& rule,
                                               MatrixView<const std::int16_t> q, Index t) {
  const std::int16_t* here = q.row(t);
  const std::int16_t* before = t > 0 ? q.row(t - 1) : here;
  const std::int16_t* after = t + 1 < q.rows ? q.row(t + 1) : here;
  FrameSimilarity result;
  result.active = block.sum(q.cols, [&](Index i) { return here[i] != 0 ? 1 : 0; });
  result.differing_before =
      block.sum(q.cols, [&](Index i) { return rule.differs(here[i], before[i]) ? 1 : 0; });
  result.differing_after =
      block.sum(q.cols, [&](Index i) { return rule.differs(here[i], after[i]) ? 1 : 0; });
  return result;
}

// Returns S of frame t against its neighbour in processing order, which must exist: t - 1, or t + 1
// in a backward direction.
EDGEVAL_HD double score_of_frame(const FrameSimilarity* similarity, Index t, bool backward) {
  const FrameSimilarity& here = similarity[t];
  return SimilaritySkip::Rule::similarity(here.active,
                                          backward ? here.differing_after : here.differing_before,
                                          similarity[backward ? t + 1 : t - 1].active);
}

// Decides the modes of one lane in processing order, on one thread. similarity [T] and mode [T] are
// in time order. `live` [T] receives the frames that are evaluated, pseudo-skips among them, in
// processing order. Returns how many these are.
EDGEVAL_HD Index decide_lane(const SimilaritySkip::Rule& rule, const FrameSimilarity* similarity,
                             Index steps, bool backward, StepMode* mode, std::int32_t* live) {
  Index running = 0;
  std::int64_t skipped = 0;
  for (Index k = 0; k < steps; ++k) {
    const Index t = backward ? steps - 1 - k : k;
    StepMode now = StepMode::kRun;
    if (k > 0) now = rule.next(score_of_frame(similarity, t, backward), skipped);
    mode[t] = now;
    if (now != StepMode::kSkip) live[running++] = static_cast<std::int32_t>(t);
    skipped = now == StepMode::kSkip ? skipped + 1 : 0;
  }
  return running;
}

}  // namespace edgeval
