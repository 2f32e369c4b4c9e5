#include "eval/score/metrics/chrf.hpp"

#include <algorithm>

#include "eval/score/text/ngrams.hpp"
#include "eval/score/text/unicode.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

bool is_ascii_punctuation(char32_t point) {
  return point < 0x80 &&
         std::string_view("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").find(static_cast<char>(point)) !=
             std::string_view::npos;
}

// Splits a text into words, and a punctuation mark at the end or front of a word from the word.
std::vector<std::string> words_and_marks(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : unicode_words(text)) {
    const std::u32string points = code_points(word);
    std::size_t cut = 0;
    if (points.size() > 1 && is_ascii_punctuation(points.back()))
      cut = word.size() - 1;
    else if (points.size() > 1 && is_ascii_punctuation(points.front()))
      cut = 1;
    if (cut > 0) words.emplace_back(word.substr(0, cut));
    words.emplace_back(word.substr(cut));
  }
  return words;
}

// Counts the n-grams of texts that are compared with each other. The counts of characters' n-grams
// come first, then those of words.
class ChrfCounter {
 public:
  explicit ChrfCounter(const ChrfOptions& options)
      : options_(options), characters_(kChrfCharacterOrder), words_(options.word_order) {}

  NgramCounts count(const std::string& sentence) {
    const std::string text = options_.lower_case ? lower_case(sentence) : sentence;
    std::vector<Token> points;
    for (const char32_t point : code_points(text))
      if (!is_white_space(point)) points.push_back(point);
    NgramCounts counts = characters_.count(points);
    if (options_.word_order > 0)
      for (auto& of_order : words_.count(words_and_marks(text)))
        counts.push_back(std::move(of_order));
    return counts;
  }

 private:
  ChrfOptions options_;
  NgramCounter characters_;
  WordNgramCounter words_;
};

// Returns the statistics of one sentence. The hypothesis' n-grams of an order that the reference is
// too short for do not count against it.
std::vector<double> match(const NgramCounts& hypothesis, const NgramCounts& reference) {
  std::vector<double> row;
  for (std::size_t n = 0; n < hypothesis.size(); ++n) {
    const std::uint64_t expected = total(reference[n]);
    row.push_back(expected > 0 ? static_cast<double>(total(hypothesis[n])) : 0);
    row.push_back(static_cast<double>(expected));
    row.push_back(static_cast<double>(common(hypothesis[n], reference[n])));
  }
  return row;
}

std::vector<double> sentence_statistics(References references, std::size_t sentence,
                                        const std::string& hypothesis, const ChrfOptions& options) {
  ChrfCounter counter(options);
  const NgramCounts counts = counter.count(hypothesis);
  std::vector<double> best;
  for (const std::vector<std::string>& reference : references) {
    std::vector<double> row = match(counts, counter.count(reference[sentence]));
    if (best.empty() || chrf_score(row) > chrf_score(best)) best = std::move(row);
  }
  return best;
}

}  // namespace

Statistics chrf_statistics(References references, std::span<const std::string> hypotheses,
                           const ChrfOptions& options) {
  EDGEVAL_ASSERT(!references.empty());
  for (const std::vector<std::string>& reference : references)
    EDGEVAL_ASSERT(reference.size() == hypotheses.size());
  Statistics statistics(Index{3} * (kChrfCharacterOrder + options.word_order));
  for (std::size_t n = 0; n < hypotheses.size(); ++n)
    statistics.add(sentence_statistics(references, n, hypotheses[n], options));
  return statistics;
}

double chrf_score(std::span<const double> sums) {
  constexpr double kFactor = 4;  // the square of beta
  double precision = 0, recall = 0, orders = 0;
  for (std::size_t i = 0; i < sums.size(); i += 3) {
    if (sums[i] == 0 || sums[i + 1] == 0) continue;
    precision += sums[i + 2] / sums[i];
    recall += sums[i + 2] / sums[i + 1];
    ++orders;
  }
  if (precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  return 100 * ((1 + kFactor) * precision * recall / (kFactor * precision + recall));
}

std::string chrf_name(const ChrfOptions& options) {
  return "chrF2" + std::string(static_cast<std::size_t>(options.word_order), '+');
}

std::string chrf_signature(const ChrfOptions& options, std::size_t references) {
  return concat("nrefs:", references, "|case:", options.lower_case ? "lc" : "mixed",
                "|eff:yes|nc:", kChrfCharacterOrder, "|nw:", options.word_order,
                "|space:no|version:", kSacrebleuVersion);
}

}  // namespace edgeval
