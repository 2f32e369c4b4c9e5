#include "host/engine/ctc.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {

std::vector<int> ctc_greedy(MatrixView<const float> logits, int blank) {
  EDGEVAL_ASSERT(blank >= 0 && (logits.rows == 0 || blank < logits.cols));
  std::vector<int> ids;
  int previous = blank;
  for (Index t = 0; t < logits.rows; ++t) {
    const float* frame = logits.row(t);
    const int best = static_cast<int>(std::max_element(frame, frame + logits.cols) - frame);
    if (best != previous && best != blank) ids.push_back(best);
    previous = best;
  }
  return ids;
}

std::string tokens_to_text(std::span<const int> ids, std::span<const std::string> tokens) {
  std::string text;
  for (const int id : ids) {
    EDGEVAL_ASSERT(id >= 0 && static_cast<std::size_t>(id) < tokens.size());
    text += tokens[id];
  }
  return single_spaced(text);
}

}  // namespace edgeval
