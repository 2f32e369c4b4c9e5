#include "eval/score/metrics/bleu.hpp"

#include <algorithm>
#include <cmath>

#include "eval/score/text/ngrams.hpp"
#include "eval/score/text/unicode.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

std::vector<std::string> tokens_of(const std::string& sentence, const BleuOptions& options) {
  return tokenize(options.tokenizer, options.lower_case ? lower_case(sentence) : sentence);
}

// Raises the counts in `most` to those in `counts` where these are greater, so that `most` ends up
// with the count of each n-gram in the reference that has it most often.
void keep_most(NgramCounts& most, const NgramCounts& counts) {
  for (std::size_t n = 0; n < counts.size(); ++n) {
    most[n].resize(std::max(most[n].size(), counts[n].size()));
    for (std::size_t k = 0; k < counts[n].size(); ++k)
      most[n][k] = std::max(most[n][k], counts[n][k]);
  }
}

// Whether `length` is closer to the length `to` than `than` is, or as close and shorter.
bool closer(std::size_t length, std::size_t than, std::size_t to) {
  const auto distance = [&](std::size_t from) { return from > to ? from - to : to - from; };
  return distance(length) != distance(than) ? distance(length) < distance(than) : length < than;
}

std::array<double, 2 + 2 * kBleuOrder> sentence_statistics(References references,
                                                           std::size_t sentence,
                                                           const std::string& hypothesis,
                                                           const BleuOptions& options) {
  WordNgramCounter counter(kBleuOrder);
  const std::vector<std::string> tokens = tokens_of(hypothesis, options);
  const NgramCounts counts = counter.count(tokens);
  NgramCounts most(kBleuOrder);
  std::optional<std::size_t> closest;
  for (const std::vector<std::string>& reference : references) {
    const std::vector<std::string> expected = tokens_of(reference[sentence], options);
    keep_most(most, counter.count(expected));
    if (!closest || closer(expected.size(), *closest, tokens.size())) closest = expected.size();
  }
  std::array<double, 2 + 2 * kBleuOrder> row{static_cast<double>(tokens.size()),
                                             static_cast<double>(closest.value())};
  for (std::size_t n = 0; n < kBleuOrder; ++n) {
    row[2 + n] = static_cast<double>(common(counts[n], most[n]));
    row[2 + kBleuOrder + n] = static_cast<double>(total(counts[n]));
  }
  return row;
}

double smoothing_value(const BleuOptions& options) {
  return options.smoothing_value.value_or(options.smoothing == Smoothing::kFloor ? 0.1 : 1.0);
}

bool takes_value(Smoothing smoothing) {
  return smoothing == Smoothing::kFloor || smoothing == Smoothing::kAddK;
}

}  // namespace

Statistics bleu_statistics(References references, std::span<const std::string> hypotheses,
                           const BleuOptions& options) {
  EDGEVAL_ASSERT(!references.empty());
  for (const std::vector<std::string>& reference : references)
    EDGEVAL_ASSERT(reference.size() == hypotheses.size());
  Statistics statistics(2 + 2 * kBleuOrder);
  for (std::size_t n = 0; n < hypotheses.size(); ++n)
    statistics.add(sentence_statistics(references, n, hypotheses[n], options));
  return statistics;
}

BleuScore bleu_score(std::span<const double> sums, const BleuOptions& options) {
  BleuScore score{.hypothesis_length = sums[0], .reference_length = sums[1]};
  if (sums[0] < sums[1]) score.brevity_penalty = sums[0] > 0 ? std::exp(1 - sums[1] / sums[0]) : 0;
  const std::span<const double> all_correct = sums.subspan(2, kBleuOrder);
  if (std::ranges::all_of(all_correct, [](double correct) { return correct == 0; })) return score;
  double halves = 1;  // divisor of exp smoothing: 2, 4, 8 … for each n without a correct n-gram
  int order = kBleuOrder;
  for (std::size_t n = 0; n < kBleuOrder; ++n) {
    const double added =
        options.smoothing == Smoothing::kAddK && n > 0 ? smoothing_value(options) : 0;
    const double correct = all_correct[n] + added;
    const double total = sums[2 + kBleuOrder + n] + added;
    if (total == 0) break;
    if (options.effective_order) order = static_cast<int>(n) + 1;
    if (correct > 0)
      score.precisions[n] = 100 * correct / total;
    else if (options.smoothing == Smoothing::kExp)
      score.precisions[n] = 100 / ((halves *= 2) * total);
    else if (options.smoothing == Smoothing::kFloor)
      score.precisions[n] = 100 * smoothing_value(options) / total;
  }
  constexpr double kLogOfNothing = -9999999999;  // sacrebleu's logarithm of 0
  double logarithms = 0;
  for (int n = 0; n < order; ++n) {
    const double precision = score.precisions[static_cast<std::size_t>(n)];
    logarithms += precision == 0 ? kLogOfNothing : std::log(precision);
  }
  score.value = score.brevity_penalty * std::exp(logarithms / order);
  return score;
}

std::string bleu_signature(const BleuOptions& options, std::size_t references) {
  std::string smoothing = kSmoothingNames[static_cast<std::size_t>(options.smoothing)];
  if (takes_value(options.smoothing))
    smoothing += concat('[', fixed(smoothing_value(options), 2), ']');
  return concat("nrefs:", references, "|case:", options.lower_case ? "lc" : "mixed",
                "|eff:", options.effective_order ? "yes" : "no",
                "|tok:", kTokenizerNames[static_cast<std::size_t>(options.tokenizer)],
                "|smooth:", smoothing, "|version:", kSacrebleuVersion);
}

std::string bleu_line(const BleuScore& score, const std::string& signature, int decimals) {
  const std::string precisions =
      separated(score.precisions, "/", [](double precision) { return fixed(precision, 1); });
  const double ratio =
      score.reference_length > 0 ? score.hypothesis_length / score.reference_length : 0;
  return concat("BLEU|", signature, " = ", fixed(score.value, decimals), ' ', precisions,
                " (BP = ", fixed(score.brevity_penalty, 3), " ratio = ", fixed(ratio, 3),
                " hyp_len = ", fixed(score.hypothesis_length, 0),
                " ref_len = ", fixed(score.reference_length, 0), ')');
}

}  // namespace edgeval
