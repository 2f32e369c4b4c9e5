// CTC's prefix beam search as Hannun et al. 2014, algorithm 1, writes it, without a language model:
// a dictionary of prefixes in double precision, with their probabilities as logarithms. Also the
// probabilities of all texts, by going through all ways.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <variant>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/technique/beam.hpp"

namespace edgeval::literal {

using Prefix = std::vector<int>;
inline constexpr double kNever = -std::numeric_limits<double>::infinity();

inline double log_of_sum(double a, double b) {
  const double most = std::max(a, b);
  return std::isinf(most) ? most : most + std::log(std::exp(a - most) + std::exp(b - most));
}

inline std::vector<double> log_softmax(const float* z, Index width) {
  double sum = kNever;
  for (Index v = 0; v < width; ++v) sum = log_of_sum(sum, z[v]);
  std::vector<double> log;
  for (Index v = 0; v < width; ++v) log.push_back(z[v] - sum);
  return log;
}

// Logarithms of the probability of all ways to a prefix that end in a blank, or in a token.
struct Ending {
  double blank = kNever, token = kNever;
  double score() const { return log_of_sum(blank, token); }
};

struct FoundText {
  Prefix text;
  double score = 0;
  std::uint64_t rows = 0, beam_width_sum = 0;
};

inline FoundText ctc_prefix_search(MatrixView<const float> outputs, int blank, const Beam& beam) {
  std::vector<std::pair<Prefix, Ending>> kept{{{}, {.blank = 0}}};
  FoundText found;
  for (Index t = 0; t < outputs.rows; ++t) {
    const std::vector<double> log = log_softmax(outputs.row(t), outputs.cols);
    std::map<Prefix, Ending> next;
    for (const auto& [prefix, ending] : kept)
      for (int v = 0; v < static_cast<int>(log.size()); ++v) {
        const double p = log[static_cast<std::size_t>(v)];
        if (v == blank) {
          Ending& same = next[prefix];
          same.blank = log_of_sum(same.blank, ending.score() + p);
          continue;
        }
        const bool repeats = !prefix.empty() && prefix.back() == v;
        if (repeats) {
          Ending& same = next[prefix];
          same.token = log_of_sum(same.token, ending.token + p);
        }
        Prefix extended = prefix;
        extended.push_back(v);
        Ending& longer = next[extended];
        longer.token = log_of_sum(longer.token, (repeats ? ending.blank : ending.score()) + p);
      }
    std::vector<std::pair<Prefix, Ending>> order;
    for (const auto& each : next)
      if (!std::isinf(each.second.score())) order.push_back(each);
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [](const auto& each) { return each.second.score(); });
    order.resize(std::min(order.size(), static_cast<std::size_t>(widest_of(beam))));
    std::vector<float> scores;
    for (const auto& each : order) scores.push_back(static_cast<float>(each.second.score()));
    const int width = std::visit(
        [&](const auto& choice) {
          return choice.rule().keep(scores, static_cast<int>(scores.size()));
        },
        beam);
    found.rows += kept.size(), found.beam_width_sum += static_cast<std::uint64_t>(width);
    order.resize(std::min(order.size(), static_cast<std::size_t>(width)));
    kept = order;
  }
  found.text = kept.front().first, found.score = kept.front().second.score();
  return found;
}

// Returns the probability of every text, by the sum over all ways through the frames.
inline std::map<Prefix, double> probabilities_of_all_texts(MatrixView<const float> outputs,
                                                           int blank) {
  std::vector<std::vector<double>> logs;
  for (Index t = 0; t < outputs.rows; ++t)
    logs.push_back(log_softmax(outputs.row(t), outputs.cols));
  std::map<Prefix, double> all;
  Index ways = 1;
  for (Index t = 0; t < outputs.rows; ++t) ways *= outputs.cols;
  for (Index way = 0; way < ways; ++way) {
    Prefix text;
    double log = 0;
    int before = blank;
    Index rest = way;
    for (const std::vector<double>& frame : logs) {
      const int v = static_cast<int>(rest % outputs.cols);
      rest /= outputs.cols;
      log += frame[static_cast<std::size_t>(v)];
      if (v != blank && v != before) text.push_back(v);
      before = v;
    }
    all[text] += std::exp(log);
  }
  return all;
}

}  // namespace edgeval::literal
