#include "eval/score/text/ngrams.hpp"

#include <algorithm>
#include <numeric>

namespace edgeval {

NgramCounts NgramCounter::count(std::span<const Token> tokens) {
  NgramCounts counts(numbers_.size());
  // The number of the (n - 1)-gram that begins at each position.
  std::vector<std::uint32_t> prefix(tokens.size(), 0);
  for (std::size_t n = 1; n <= numbers_.size(); ++n) {
    auto& numbers = numbers_[n - 1];
    counts[n - 1].resize(numbers.size());
    for (std::size_t i = 0; i + n <= tokens.size(); ++i) {
      const std::uint64_t key = std::uint64_t{prefix[i]} << 32 | tokens[i + n - 1];
      const auto [entry, fresh] =
          numbers.try_emplace(key, static_cast<std::uint32_t>(numbers.size()));
      if (fresh) counts[n - 1].push_back(0);
      ++counts[n - 1][entry->second];
      prefix[i] = entry->second;
    }
  }
  return counts;
}

NgramCounts WordNgramCounter::count(std::span<const std::string> words) {
  std::vector<Token> tokens;
  tokens.reserve(words.size());
  for (const std::string& word : words)
    tokens.push_back(tokens_.try_emplace(word, static_cast<Token>(tokens_.size())).first->second);
  return ngrams_.count(tokens);
}

std::uint64_t total(std::span<const std::uint32_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t common(std::span<const std::uint32_t> one, std::span<const std::uint32_t> other) {
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < std::min(one.size(), other.size()); ++k)
    sum += std::min(one[k], other[k]);
  return sum;
}

}  // namespace edgeval
