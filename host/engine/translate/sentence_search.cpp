#include "host/engine/translate/sentence_search.hpp"

#include <algorithm>
#include <cmath>

namespace edgeval {

std::vector<Index> SentenceSearch::advance(std::span<const Candidate> best, int width,
                                           std::span<const Index> attended) {
  SearchCounts& counts = result_.counts;
  const auto step = static_cast<int>(++counts.steps);
  counts.rows += live_.size() + ended_;
  counts.rows_live += live_.size();
  counts.beam_width_sum += static_cast<std::uint64_t>(width);
  result_.spreads.push_back(
      DynamicBeam::spread(CandidateScores{best.data()}, static_cast<int>(best.size())));
  std::vector<Index> parents;
  std::vector<Live> next;
  ended_ = 0;
  for (const Candidate& candidate :
       best.first(std::min(static_cast<std::size_t>(width), best.size()))) {
    const auto row = static_cast<std::size_t>(candidate.row);
    if (candidate.token == eos_) {
      finish(live_[row].node, candidate.score, true);
      ++ended_;
    } else {
      nodes_.push_back({live_[row].node, candidate.token, attended[row]});
      next.push_back({candidate.score, nodes_.size() - 1});
      parents.push_back(candidate.row);
    }
  }
  live_ = std::move(next);
  const bool best_ended = width > 0 && !best.empty() && best[0].token == eos_;
  done_ = end_.reached(step, std::ssize(result_.best), std::ssize(live_), best_ended);
  if (done_) conclude();
  return parents;
}

void SentenceSearch::finish(std::size_t node, float score, bool ended) {
  const auto tokens = static_cast<double>(result_.counts.steps + 1);  // counts bos and eos, too
  Hypothesis hypothesis;
  for (std::size_t at = node; at != kNone; at = nodes_[at].parent) {
    hypothesis.tokens.push_back(nodes_[at].token);
    hypothesis.attended.push_back(nodes_[at].attended);
  }
  std::ranges::reverse(hypothesis.tokens);
  std::ranges::reverse(hypothesis.attended);
  const double divisor = options_.penalty == LengthPenalty::kNone ? 1
                         : options_.penalty == LengthPenalty::kAverage
                             ? tokens
                             : std::pow((5 + tokens) / 6, options_.alpha);
  hypothesis.log_probability = score;
  hypothesis.score = static_cast<double>(score) / divisor;
  hypothesis.ended = ended;
  result_.best.push_back(std::move(hypothesis));
}

void SentenceSearch::conclude() {
  std::vector<Hypothesis>& best = result_.best;
  if (best.empty())
    for (const Live& row : live_) finish(row.node, row.score, false);
  std::ranges::stable_sort(best, std::ranges::greater{}, &Hypothesis::score);
  if (std::ssize(best) > options_.n_best) best.resize(static_cast<std::size_t>(options_.n_best));
  live_.clear();
  nodes_.clear();
}

}  // namespace edgeval
