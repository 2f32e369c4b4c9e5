// How often the n-grams of a few short texts occur, up to a longest n: what BLEU and chrF are made
// of. An n-gram is numbered by the number of its first n - 1 tokens and its last token, so equal
// ones have equal numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "eval/score/metrics/wer.hpp"

namespace edgeval {

// counts[n - 1][k]: occurrences of the n-gram with number k. A text that was counted earlier may
// have shorter rows: it lacks the n-grams that came later.
using NgramCounts = std::vector<std::vector<std::uint32_t>>;

// One instance for the texts that are compared with each other.
class NgramCounter {
 public:
  explicit NgramCounter(int longest) : numbers_(static_cast<std::size_t>(longest)) {}

  NgramCounts count(std::span<const Token> tokens);

 private:
  std::vector<std::unordered_map<std::uint64_t, std::uint32_t>> numbers_;  // by n - 1
};

// The same for texts as words: tokens are numbers of distinct words.
class WordNgramCounter {
 public:
  explicit WordNgramCounter(int longest) : ngrams_(longest) {}

  NgramCounts count(std::span<const std::string> words);

 private:
  std::unordered_map<std::string, Token> tokens_;
  NgramCounter ngrams_;
};

std::uint64_t total(std::span<const std::uint32_t> counts);

// Occurrences that both have.
std::uint64_t common(std::span<const std::uint32_t> one, std::span<const std::uint32_t> other);

}  // namespace edgeval
