#include "eval/score/metrics/unit_edits.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "eval/score/metrics/wer.hpp"
#include "host/core/files/file.hpp"
#include "host/numeric/random.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

using TokenList = std::vector<Token>;

// The table D of Wagner and Fischer 1974 as it is written, and the way back through it by the rule
// for ties of wer.hpp.
class WrittenTable {
 public:
  WrittenTable(const TokenList& reference, const TokenList& hypothesis)
      : reference_(reference),
        hypothesis_(hypothesis),
        distance_(reference.size() + 1, std::vector<int>(hypothesis.size() + 1)) {
    for (std::size_t i = 0; i <= reference.size(); ++i)
      for (std::size_t j = 0; j <= hypothesis.size(); ++j) {
        if (i == 0 || j == 0)
          distance_[i][j] = static_cast<int>(i + j);
        else
          distance_[i][j] = std::min({distance_[i - 1][j - 1] + (equal(i, j) ? 0 : 1),
                                      distance_[i - 1][j] + 1, distance_[i][j - 1] + 1});
      }
  }
  Edit last(std::size_t i, std::size_t j) const {
    if (i > 0 && j > 0 && distance_[i - 1][j - 1] + (equal(i, j) ? 0 : 1) == distance_[i][j])
      return equal(i, j) ? Edit::kCorrect : Edit::kSubstitution;
    return i > 0 && distance_[i - 1][j] + 1 == distance_[i][j] ? Edit::kDeletion : Edit::kInsertion;
  }
  EditCounts counts() const {
    EditCounts counts;
    std::size_t i = reference_.size(), j = hypothesis_.size();
    while (i + j > 0) switch (last(i, j)) {
        case Edit::kCorrect:
          --i, --j;
          break;
        case Edit::kSubstitution:
          --i, --j, ++counts.substitutions;
          break;
        case Edit::kDeletion:
          --i, ++counts.deletions;
          break;
        case Edit::kInsertion:
          --j, ++counts.insertions;
          break;
      }
    counts.reference = reference_.size();
    return counts;
  }

 private:
  bool equal(std::size_t i, std::size_t j) const { return reference_[i - 1] == hypothesis_[j - 1]; }
  const TokenList& reference_;
  const TokenList& hypothesis_;
  std::vector<std::vector<int>> distance_;
};

// Compares the counts, and with `cells` the last edit of the way to every cell.
void expect_as_written(const TokenList& reference, const TokenList& hypothesis, bool cells) {
  const WrittenTable written(reference, hypothesis);
  ASSERT_EQ(count_unit_edits(reference, hypothesis), written.counts());
  ASSERT_EQ(count_unit_edits(reference, hypothesis, 0), written.counts()) << "block by block";
  if (!cells) return;
  const UnitEdits edits(reference, hypothesis);
  for (std::size_t i = 0; i <= reference.size(); ++i)
    for (std::size_t j = i == 0 ? 1 : 0; j <= hypothesis.size(); ++j)
      ASSERT_EQ(edits(i, j), written.last(i, j)) << i << " " << j;
}

TokenList drawn_tokens(SplitMix64& random, std::size_t length, Token kinds, Token factor) {
  TokenList tokens(length);
  for (Token& token : tokens) token = factor * static_cast<Token>(random.below(kinds));
  return tokens;
}

// Returns the tokens with about `percent` % of errors.
TokenList with_errors(SplitMix64& random, const TokenList& tokens, std::uint64_t percent) {
  TokenList heard;
  for (const Token token : tokens) {
    const std::uint64_t kind = random.below(100) < percent ? 1 + random.below(3) : 0;
    if (kind != 2) heard.push_back(kind == 1 ? static_cast<Token>(random.below(9)) : token);
    if (kind == 3) heard.push_back(tokens[random.below(tokens.size())]);
  }
  return heard;
}

TEST(UnitEdits, OfLongTextsAreCountedBlockByBlock) {
  SplitMix64 random(11);
  const TokenList reference = drawn_tokens(random, 4200, 30, 1);
  expect_as_written(reference, with_errors(random, reference, 15), false);
  expect_as_written(reference, drawn_tokens(random, 4300, 30, 1), false);
}

TEST(UnitEdits, AreThoseOfTheTableInEveryCell) {
  SplitMix64 random(3);
  // The factors make tokens whose hashes are equal or lie close together.
  for (const Token factor : {1u, 1u << 31, 0x10000u, 0xFFFFFFFFu})
    for (const Token kinds : {1u, 2u, 4u, 40u, 1000u})
      for (int trial = 0; trial < 25; ++trial) {
        const TokenList reference = drawn_tokens(random, random.below(12), kinds, factor);
        expect_as_written(reference, drawn_tokens(random, random.below(12), kinds, factor), true);
      }
}

TEST(UnitEdits, AreThoseOfTheTableAtTheBordersOfBlocks) {
  SplitMix64 random(4);
  for (const std::size_t rows : {62, 63, 64, 65, 127, 128, 129, 193})
    for (const std::size_t cols : {1, 64, 130})
      for (const Token kinds : {2u, 5u, 200u}) {
        const TokenList reference = drawn_tokens(random, rows, kinds, 1);
        expect_as_written(reference, drawn_tokens(random, cols, kinds, 1), true);
        expect_as_written(reference, with_errors(random, reference, 20), true);
      }
}

TEST(UnitEdits, CountsKnowNothingOfCommonEnds) {
  SplitMix64 random(5);
  for (int trial = 0; trial < 3000; ++trial) {
    const auto kinds = static_cast<Token>(1 + random.below(4));
    TokenList reference = drawn_tokens(random, random.below(9), kinds, 1), hypothesis = reference;
    const TokenList end = drawn_tokens(random, random.below(9), kinds, 1);
    for (TokenList* text : {&reference, &hypothesis}) {
      const TokenList own = drawn_tokens(random, random.below(7), kinds, 1);
      text->insert(text->end(), own.begin(), own.end());
      text->insert(text->end(), end.begin(), end.end());
    }
    expect_as_written(reference, hypothesis, false);
  }
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream stream(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Returns a token for each code point of UTF-8.
TokenList token_per_character(const std::string& text) {
  TokenList tokens;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80)
      tokens.push_back(byte);
    else if (byte >= 0xC0)
      tokens.push_back(1000u * byte + static_cast<unsigned char>(text.at(++i)));  // of two bytes
  }
  return tokens;
}

// Words are numbered by their place in an ordered set, unlike in word_counts.
TokenList token_per_word(const std::string& text, const std::set<std::string>& all) {
  std::istringstream stream(text);
  TokenList tokens;
  for (std::string word; stream >> word;)
    tokens.push_back(static_cast<Token>(std::distance(all.begin(), all.find(word))));
  return tokens;
}

// Compares each line with a few others, by words and by characters.
void expect_texts_as_written(const std::vector<std::string>& lines, std::size_t stride) {
  std::set<std::string> words;
  for (const std::string& line : lines) {
    std::istringstream stream(line);
    for (std::string word; stream >> word;) words.insert(word);
  }
  for (std::size_t n = 0; n < lines.size(); n += stride)
    for (const std::size_t ahead : {0, 1, 5}) {
      const std::string& a = lines[n];
      const std::string& b = lines[(n + ahead) % lines.size()];
      ASSERT_EQ(word_counts(a, b),
                WrittenTable(token_per_word(a, words), token_per_word(b, words)).counts())
          << a << " | " << b;
      ASSERT_EQ(character_counts(a, b),
                WrittenTable(token_per_character(a), token_per_character(b)).counts())
          << a << " | " << b;
    }
}

TEST(UnitEdits, CountTextsThatShipAsTheTable) {
  expect_texts_as_written(lines_of(source_folder() / "datasets/captions/captions.en"), 1);
}

TEST(UnitEdits, CountTranscriptsOfAn4AsTheTable) {
  EDGEVAL_NEEDS_SHARED("data/an4/etc/an4_test.transcription");
  expect_texts_as_written(lines_of(shared_folder() / "data/an4/etc/an4_test.transcription"), 1);
}

}  // namespace
}  // namespace edgeval::test
