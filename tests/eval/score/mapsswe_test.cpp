#include "eval/score/metrics/mapsswe.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "host/core/files/file.hpp"
#include "host/core/number_text.hpp"
#include "tests/support/paths.hpp"

namespace edgeval {
namespace {

using Segments = std::vector<ErrorSegment>;

Segments segments(const char* reference, const char* a, const char* b) {
  return error_segments(align_words(reference, a, EditCosts::kSclite),
                        align_words(reference, b, EditCosts::kSclite));
}

TEST(ErrorSegments, TwoRightWordsOnBothSidesBelongToASegment) {
  EXPECT_EQ(segments("a b c d e f g", "a b c x e f g", "a b c d e f g"), (Segments{{5, 1, 0}}));
  EXPECT_EQ(segments("a b c", "x b c", "a b c"), (Segments{{3, 1, 0}}));
  EXPECT_EQ(segments("a b c d", "a b c d", "a b c d"), Segments{});
}

TEST(ErrorSegments, ErrorsPartedByOneRightWordShareASegment) {
  EXPECT_EQ(segments("a b c d e", "x b c d e", "a b y d e"), (Segments{{5, 1, 1}}));
  // Two right words lie between the errors, and belong to both segments.
  EXPECT_EQ(segments("a b c d e f", "x b c d e f", "a b c y e f"),
            (Segments{{3, 1, 0}, {5, 0, 1}}));
}

TEST(ErrorSegments, AnInsertionBetweenRightWordsKeepsASegmentOpen) {
  EXPECT_EQ(segments("a b c d", "x b c d", "a b y c d"), (Segments{{4, 1, 1}}));
  EXPECT_EQ(segments("a b c", "a b c", "a b c x"), (Segments{{2, 0, 1}}));
  EXPECT_EQ(segments("", "x", "y z"), (Segments{{0, 1, 2}}));
}

TEST(ErrorSegments, SystemsExchangedExchangeTheErrors) {
  const Segments one = segments("a b c d e f g h", "a x c d e f g", "a b c d y e f g h z");
  Segments other = segments("a b c d e f g h", "a b c d y e f g h z", "a x c d e f g");
  for (ErrorSegment& segment : other) std::swap(segment.errors_a, segment.errors_b);
  EXPECT_EQ(one, other);
}

TEST(MatchedPairs, FiguresWorkedOutByHand) {
  // Differences 2, 0, 1: mean 1, standard deviation 1, Z = sqrt(3); P(|Z| > 1.732) = 0.0833.
  const MatchedPairs result = matched_pairs(Segments{{5, 2, 0}, {5, 1, 1}, {4, 1, 0}});
  EXPECT_EQ(result.segments, 3u);
  EXPECT_EQ(result.sum, (ErrorSegment{14, 4, 1}));
  EXPECT_DOUBLE_EQ(result.mean, 1);
  EXPECT_DOUBLE_EQ(result.deviation, 1);
  EXPECT_DOUBLE_EQ(result.z, std::sqrt(3.0));
  EXPECT_NEAR(result.p, 0.0833, 5e-5);
}

TEST(MatchedPairs, WithoutSpreadThereIsNoVerdict) {
  EXPECT_EQ(matched_pairs(Segments{}).p, 1);
  EXPECT_EQ(matched_pairs(Segments{{3, 1, 0}}).p, 1);
  EXPECT_EQ(matched_pairs(Segments{{3, 1, 0}, {3, 2, 1}}).z, 0);
}

std::string words(const std::string& letters) {
  std::string text;
  for (const char letter : letters)
    if (letter != '-') (text += letter) += ' ';
  return text;
}

// A pair of recognizers of tests/golden/mapsswe.txt, which mapsswe.py beside it explains.
struct RecordedRecognizers {
  std::vector<std::string> figures;  // segments, words, errors of both, mean, deviation, Z, p
  std::vector<std::string> references, a, b;
};

std::vector<RecordedRecognizers> recorded_recognizers() {
  std::istringstream lines(read_file(test::source_folder() / "tests/golden/mapsswe.txt"));
  std::vector<RecordedRecognizers> pairs;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    std::string word;
    std::vector<std::string> parts;
    while (stream >> word) parts.push_back(word);
    if (parts[0] == "=") {
      pairs.push_back({{parts.begin() + 1, parts.end()}, {}, {}, {}});
    } else {
      pairs.back().references.push_back(words(parts[0]));
      pairs.back().a.push_back(words(parts[1]));
      pairs.back().b.push_back(words(parts[2]));
    }
  }
  return pairs;
}

TEST(RecordedPairs, FiguresAreThoseOfScStats) {
  const std::vector<RecordedRecognizers> pairs = recorded_recognizers();
  ASSERT_EQ(pairs.size(), 40u);
  for (const RecordedRecognizers& pair : pairs) {
    const MatchedPairs ours = matched_pairs(pair.references, pair.a, pair.b);
    const std::vector<std::string> figures{std::to_string(ours.segments),
                                           std::to_string(ours.sum.reference),
                                           std::to_string(ours.sum.errors_a),
                                           std::to_string(ours.sum.errors_b),
                                           fixed(ours.mean, 3),
                                           fixed(ours.deviation, 3),
                                           fixed(ours.z, 3)};
    EXPECT_EQ(figures, std::vector<std::string>(pair.figures.begin(), pair.figures.begin() + 7));
    // It looks p up in a table of Z cut to two decimals.
    const double z = std::floor(100 * std::abs(ours.z)) / 100;
    const double looked_up = std::erfc(z / std::sqrt(2.0));
    EXPECT_EQ(looked_up < 0.001 ? "<0.001" : fixed(looked_up, 3), pair.figures[7]);
    EXPECT_LE(ours.p, looked_up);
    EXPECT_GE(ours.p, std::erfc((z + 0.01) / std::sqrt(2.0)));
  }
}

}  // namespace
}  // namespace edgeval
