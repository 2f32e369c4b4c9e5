// Beam search as docs/techniques.md, "Beam", describes it, for any function that predicts tokens.
// It takes one row at a time, sorts all candidates, and has scores in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "tests/literal/literal_translation.hpp"

namespace edgeval::test {

struct LiteralCandidate {
  double score;
  std::size_t token, row;
};

// Returns the width of the beam, given the scores of the best candidates in falling order
// (docs/techniques.md, "Beam"; section 3 of Freitag and Al-Onaizan). Lowers `closest` to the
// distance at which the width would have been another.
inline int literal_width(const Beam& beam, const std::vector<double>& scores, double& closest) {
  if (const auto* fixed = std::get_if<FixedBeam>(&beam)) return static_cast<int>(fixed->width);
  if (const auto* pruned = std::get_if<PrunedBeam>(&beam)) {
    int kept = 0;
    for (double score : scores) {
      const double below = scores[0] - score,
                   most = std::min(pruned->absolute, -std::log(pruned->relative));
      kept += below <= most ? 1 : 0;
      closest = std::min(closest, std::abs(below - most));
    }
    return kept;
  }
  const auto& dynamic = std::get<DynamicBeam>(beam);
  double sigma = 0;
  if (scores.size() > 1) {
    const double mean =
        std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
    for (double score : scores) sigma += (score - mean) * (score - mean);
    sigma = std::sqrt(sigma / static_cast<double>(scores.size() - 1));
  }
  if (sigma <= dynamic.sigma_min) return static_cast<int>(dynamic.max);
  if (sigma >= dynamic.sigma_max) return static_cast<int>(dynamic.min);
  const double real = dynamic.max - (dynamic.max - dynamic.min) * (sigma - dynamic.sigma_min) /
                                        (dynamic.sigma_max - dynamic.sigma_min);
  closest = std::min(closest, std::abs(real + 0.5 - std::round(real + 0.5)));
  return static_cast<int>(std::clamp(std::floor(real + 0.5), dynamic.min, dynamic.max));
}

// Searches from one row. A Row is a hypothesis with its score, its tokens with bos in front, and
// whatever predict(row) needs. predict(row) returns the log-probabilities of the next token and
// brings the row's state one step on.
template <class Row, class Predict>
LiteralTranslation literal_search(const TranslationModel& model, const Row& first,
                                  const SearchOptions& options, const Predict& predict) {
  LiteralTranslation result;
  std::vector<Row> rows{first};
  struct Finished {
    double score;
    std::vector<int> tokens;
  };
  std::vector<Finished> finished;
  const auto widest = static_cast<std::size_t>(
      std::visit([](const auto& beam) { return beam.widest(); }, options.beam));
  const auto eos = static_cast<std::size_t>(*model.target.eos);
  // `length` counts bos and every token after it, as OpenNMT-py's len(next_ys).
  const auto normalised = [&](double score, double length) {
    if (options.penalty == LengthPenalty::kAverage) return score / length;
    return options.penalty == LengthPenalty::kWu ? score / std::pow((5 + length) / 6, options.alpha)
                                                 : score;
  };
  std::size_t ended = 0;
  for (int t = 1; t <= options.longest; ++t) {
    ++result.counts.steps;
    result.counts.rows += rows.size() + ended;
    result.counts.rows_live += rows.size();
    std::vector<LiteralCandidate> candidates;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::vector<double> lp = predict(rows[r]);
      for (std::size_t v = 0; v < lp.size(); ++v)
        if (v != eos || t > options.shortest) candidates.push_back({rows[r].score + lp[v], v, r});
    }
    std::ranges::sort(candidates, [](const LiteralCandidate& a, const LiteralCandidate& b) {
      return std::tuple(-a.score, a.token, a.row) < std::tuple(-b.score, b.token, b.row);
    });
    for (std::size_t i = 0; i + 1 < candidates.size() && i < widest; ++i)
      result.closest = std::min(result.closest, candidates[i].score - candidates[i + 1].score);
    candidates.resize(std::min(widest, candidates.size()));
    std::vector<double> scores;
    for (const LiteralCandidate& candidate : candidates) scores.push_back(candidate.score);
    const auto width =
        static_cast<std::size_t>(literal_width(options.beam, scores, result.closest_width));
    result.counts.beam_width_sum += width;
    candidates.resize(std::min(width, candidates.size()));
    std::vector<Row> next;
    ended = 0;
    for (const LiteralCandidate& candidate : candidates) {
      Row row = rows[candidate.row];
      row.score = candidate.score;
      if (candidate.token == eos) {
        finished.push_back(
            {normalised(row.score, t + 1), {row.tokens.begin() + 1, row.tokens.end()}});
        ++ended;
        continue;
      }
      row.tokens.push_back(static_cast<int>(candidate.token));
      next.push_back(row);
    }
    rows = std::move(next);
    const bool best_ended =
        candidates[0].token == eos && finished.size() >= static_cast<std::size_t>(options.n_best);
    if (best_ended || rows.empty()) break;
  }
  if (finished.empty())
    for (const Row& row : rows)
      finished.push_back({normalised(row.score, static_cast<double>(result.counts.steps) + 1),
                          {row.tokens.begin() + 1, row.tokens.end()}});
  std::ranges::stable_sort(finished, std::ranges::greater{}, &Finished::score);
  if (finished.size() > 1)
    result.closest = std::min(result.closest, finished[0].score - finished[1].score);
  result.tokens = finished[0].tokens;
  result.score = finished[0].score;
  return result;
}

}  // namespace edgeval::test
