// Counts the n-grams of a few short texts, for BLEU and chrF. An n-gram's number is found from the
// number of its first n - 1 tokens and its last token, so that equal n-grams have equal numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "eval/score/text/token.hpp"

namespace edgeval {

// counts[n - 1][k] is the number of occurrences of the n-gram with number k in a text. A text that
// was counted earlier may have shorter rows, which lack the n-grams that first came later.
using NgramCounts = std::vector<std::vector<std::uint32_t>>;

// Counts n-grams up to the length `longest`. Texts that are compared with each other are counted by
// one instance, so that their numbers agree.
class NgramCounter {
 public:
  explicit NgramCounter(int longest) : numbers_(static_cast<std::size_t>(longest)) {}

  NgramCounts count(std::span<const Token> tokens);

 private:
  // numbers_[n - 1] has the number of each n-gram.
  std::vector<std::unordered_map<std::uint64_t, std::uint32_t>> numbers_;
};

// Counts the n-grams of texts that are given as words.
class WordNgramCounter {
 public:
  explicit WordNgramCounter(int longest) : ngrams_(longest) {}

  NgramCounts count(std::span<const std::string> words);

 private:
  std::unordered_map<std::string, Token> tokens_;
  NgramCounter ngrams_;
};

std::uint64_t total(std::span<const std::uint32_t> counts);

// Returns how many occurrences of n-grams both texts have.
std::uint64_t common(std::span<const std::uint32_t> one, std::span<const std::uint32_t> other);

}  // namespace edgeval
