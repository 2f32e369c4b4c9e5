#include "eval/score/metrics/wer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <sstream>

#include "eval/score/statistics/statistics.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval {
namespace {

using Tokens = std::vector<Token>;

// Tries every alignment from the end, in the order of the rule for ties, and keeps the first of the
// cheapest alignments.
class EveryAlignment {
 public:
  EveryAlignment(const Tokens& reference, const Tokens& hypothesis, EditCosts costs)
      : reference_(reference), hypothesis_(hypothesis), sclite_(costs == EditCosts::kSclite) {
    visit(reference.size(), hypothesis.size(), 0);
    std::reverse(best_.begin(), best_.end());
  }
  const std::string& letters() const { return best_; }

 private:
  void visit(std::size_t i, std::size_t j, int price) {
    if (i == 0 && j == 0 && price < cheapest_) {
      cheapest_ = price;
      best_ = way_;
    }
    if (i > 0 && j > 0) {
      const bool equal = reference_[i - 1] == hypothesis_[j - 1];
      step(equal ? 'C' : 'S', i - 1, j - 1, price + (equal ? 0 : sclite_ ? 4 : 1));
    }
    for (const char gap : {sclite_ ? 'I' : 'D', sclite_ ? 'D' : 'I'}) {
      if (gap == 'D' && i > 0) step('D', i - 1, j, price + (sclite_ ? 3 : 1));
      if (gap == 'I' && j > 0) step('I', i, j - 1, price + (sclite_ ? 3 : 1));
    }
  }
  void step(char letter, std::size_t i, std::size_t j, int price) {
    way_.push_back(letter);
    visit(i, j, price);
    way_.pop_back();
  }

  const Tokens& reference_;
  const Tokens& hypothesis_;
  bool sclite_;
  int cheapest_ = std::numeric_limits<int>::max();
  std::string way_;
  std::string best_;
};

Tokens random_tokens(std::mt19937& random, std::size_t length, Token words) {
  Tokens tokens(length);
  for (Token& token : tokens) token = static_cast<Token>(random() % words);
  return tokens;
}

std::uint64_t count(const std::string& letters, char letter) {
  return static_cast<std::uint64_t>(std::ranges::count(letters, letter));
}

EditCounts counts_of(const std::string& letters) {
  return {count(letters, 'S'), count(letters, 'D'), count(letters, 'I'),
          letters.size() - count(letters, 'I')};
}

TEST(Align, HandComputedPairs) {
  const auto unit = [](const char* reference, const char* hypothesis) {
    return letters(align_words(reference, hypothesis));
  };
  EXPECT_EQ(unit("", ""), "");
  EXPECT_EQ(unit("", "a b"), "II");
  EXPECT_EQ(unit("a b", ""), "DD");
  EXPECT_EQ(unit("the cat sat", "the cat sat"), "CCC");
  EXPECT_EQ(unit("the cat sat", "the bat sat down"), "CSCI");
  EXPECT_EQ(unit("a b c", "b c"), "DCC");
  EXPECT_EQ(unit("a a", "a"), "DC");   // seen from the end, a match comes before a deletion
  EXPECT_EQ(unit("Cat", "cat"), "S");  // case counts
}

TEST(Align, PricesDecideBetweenSubstitutionsAndGaps) {
  // By unit costs and by those of sclite, three substitutions cost 3 and 12; two deletions, a match
  // and two insertions cost 4 and 12, which is a tie for sclite.
  EXPECT_EQ(letters(align_words("a b c", "c d e")), "SSS");
  EXPECT_EQ(letters(align_words("a b c", "c d e", EditCosts::kSclite)), "SSS");
  // For sclite four substitutions cost 16; three deletions, a match and three insertions cost 18.
  EXPECT_EQ(letters(align_words("a b c d", "d e f g", EditCosts::kSclite)), "SSSS");
  // Two substitutions cost 2 and 8; a deletion, a match and an insertion cost 2 and 6.
  EXPECT_EQ(letters(align_words("a b", "b c")), "SS");
  EXPECT_EQ(letters(align_words("a b", "b c", EditCosts::kSclite)), "DCI");
}

TEST(Align, PairsPointIntoBothTexts) {
  const Alignment alignment = align_words("the cat sat", "cat sat down");
  const std::vector<AlignedPair> expected{{Edit::kDeletion, 0, -1},
                                          {Edit::kCorrect, 1, 0},
                                          {Edit::kCorrect, 2, 1},
                                          {Edit::kInsertion, -1, 2}};
  EXPECT_EQ(alignment.pairs, expected);
  EXPECT_EQ(alignment.counts, (EditCounts{0, 1, 1, 3}));
}

TEST(Align, EqualsTheFirstOfTheCheapestAmongAllAlignments) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 1500; ++trial) {
    const Token words = 1 + random() % 4;
    const Tokens reference = random_tokens(random, random() % 6, words);
    const Tokens hypothesis = random_tokens(random, random() % 6, words);
    for (const EditCosts costs : {EditCosts::kUnit, EditCosts::kSclite}) {
      const Alignment alignment = align(reference, hypothesis, costs);
      const std::string expected = EveryAlignment(reference, hypothesis, costs).letters();
      ASSERT_EQ(letters(alignment), expected) << "trial " << trial;
      ASSERT_EQ(alignment.counts, counts_of(expected)) << "trial " << trial;
      ASSERT_EQ(count_edits(reference, hypothesis, costs), alignment.counts) << "trial " << trial;
    }
  }
}

TEST(Align, CountsAreThoseOfTheAlignmentAtAnyLength) {
  std::mt19937 random(8);
  for (const std::size_t rows : {0, 1, 31, 32, 33, 200})
    for (const std::size_t cols : {0, 1, 31, 32, 33, 300})
      for (const EditCosts costs : {EditCosts::kUnit, EditCosts::kSclite}) {
        const Tokens reference = random_tokens(random, rows, 5);
        const Tokens hypothesis = random_tokens(random, cols, 5);
        const Alignment alignment = align(reference, hypothesis, costs);
        EXPECT_EQ(alignment.counts, counts_of(letters(alignment))) << rows << " x " << cols;
        EXPECT_EQ(alignment.counts, count_edits(reference, hypothesis, costs))
            << rows << " x " << cols;
      }
}

TEST(Align, TenThousandAgainstTenThousandFits) {
  const Tokens ones(10000, 1);
  Tokens twos(10000, 2);
  twos.back() = 1;
  EXPECT_EQ(count_edits(ones, twos, EditCosts::kUnit), (EditCounts{9999, 0, 0, 10000}));
  EXPECT_EQ(align(ones, twos, EditCosts::kSclite).counts, (EditCounts{9999, 0, 0, 10000}));
}

TEST(WordCounts, WhiteSpaceOnlySeparates) {
  EXPECT_EQ(word_counts(" a\tb \r\n", "a  b"), (EditCounts{0, 0, 0, 2}));
  EXPECT_EQ(word_counts(" \t", "a"), (EditCounts{0, 0, 1, 0}));
}

TEST(CharacterCounts, ACodePointIsOneCharacter) {
  EXPECT_EQ(character_counts("\xC3\xA9t\xC3\xA9", "ete"), (EditCounts{2, 0, 0, 3}));  // été
  EXPECT_EQ(character_counts("\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5"),             // 日本
            (EditCounts{0, 1, 0, 2}));
  EXPECT_EQ(character_counts("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x81"),  // two faces
            (EditCounts{1, 0, 0, 1}));
}

TEST(CharacterCounts, SpacesBetweenWordsCountOnce) {
  EXPECT_EQ(character_counts("a  b", " ab "), (EditCounts{0, 1, 0, 3}));
  EXPECT_EQ(character_counts("  ", "ab"), (EditCounts{0, 0, 2, 0}));
}

TEST(Percent, HasNoValueWithoutReference) {
  EXPECT_EQ(percent_of_sums(std::array{3.0, 0.0}), std::nullopt);
  EXPECT_EQ(percent_of_sums(std::array{1.0, 4.0}), 25.0);
  EXPECT_EQ(percent_of_sums(std::array{6.0, 4.0}), 150.0);
}

// A line of tests/golden/wer.txt, which wer.py beside it explains.
struct Recorded {
  std::string reference;
  std::string hypothesis;
  std::string sclite;  // letters
  std::uint64_t jiwer_words = 0;
  std::uint64_t jiwer_characters = 0;
};

std::string recorded_text(const std::string& digits) {
  static constexpr const char* kVocabulary[] = {"a", "b", "ab", "ba", "abc"};
  std::string text;
  for (const char digit : digits)
    if (digit != '-') text += std::string(text.empty() ? "" : " ") + kVocabulary[digit - '0'];
  return text;
}

std::vector<Recorded> recorded_pairs() {
  std::istringstream stream(read_file(test::source_folder() / "tests/golden/wer.txt"));
  std::vector<Recorded> pairs;
  Recorded pair;
  while (stream >> pair.reference >> pair.hypothesis >> pair.sclite >> pair.jiwer_words >>
         pair.jiwer_characters) {
    pair.reference = recorded_text(pair.reference);
    pair.hypothesis = recorded_text(pair.hypothesis);
    if (pair.sclite == "-") pair.sclite.clear();
    pairs.push_back(pair);
  }
  return pairs;
}

TEST(RecordedPairs, AlignmentsAreThoseOfSclite) {
  const std::vector<Recorded> pairs = recorded_pairs();
  ASSERT_EQ(pairs.size(), 10000u);
  for (const Recorded& pair : pairs) {
    const Alignment alignment = align_words(pair.reference, pair.hypothesis, EditCosts::kSclite);
    ASSERT_EQ(letters(alignment), pair.sclite) << pair.reference << " | " << pair.hypothesis;
    ASSERT_EQ(word_counts(pair.reference, pair.hypothesis, EditCosts::kSclite),
              counts_of(pair.sclite));
  }
}

TEST(RecordedPairs, ErrorsAtUnitCostAreThoseOfJiwer) {
  const std::vector<Recorded> pairs = recorded_pairs();
  ASSERT_EQ(pairs.size(), 10000u);
  for (const Recorded& pair : pairs) {
    ASSERT_EQ(word_counts(pair.reference, pair.hypothesis).errors(), pair.jiwer_words)
        << pair.reference << " | " << pair.hypothesis;
    ASSERT_EQ(character_counts(pair.reference, pair.hypothesis).errors(), pair.jiwer_characters)
        << pair.reference << " | " << pair.hypothesis;
  }
}

}  // namespace
}  // namespace edgeval
