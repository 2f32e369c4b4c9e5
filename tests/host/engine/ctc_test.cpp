#include "host/engine/ctc.hpp"

#include <gtest/gtest.h>

#include "host/body/greatest.hpp"
#include "host/core/matrix.hpp"

namespace edgeval {
namespace {

using Ids = std::vector<int>;

// Decodes logits, [T, V], as an engine and a session do.
Ids ctc_greedy(MatrixView<const float> logits, int blank) {
  std::vector<std::int32_t> best;
  for (Index t = 0; t < logits.rows; ++t)
    best.push_back(first_greatest(logits.row(t), logits.cols));
  return ctc_collapse(best, blank);
}

// Logits [T, V] that are highest for the given token of each frame.
Matrix<float> frames_of(const Ids& best, Index tokens) {
  Matrix<float> logits(static_cast<Index>(best.size()), tokens);
  for (Index t = 0; t < logits.rows(); ++t) {
    std::fill_n(logits.row(t), tokens, -5.0f);
    logits(t, best[t]) = -1.0f;
  }
  return logits;
}

Ids decoded(const Ids& best, int blank = 0, Index tokens = 5) {
  return ctc_greedy(frames_of(best, tokens).view(), blank);
}

TEST(CtcGreedy, NoFramesGiveNoTokens) {
  EXPECT_EQ(decoded({}), Ids{});
  EXPECT_EQ(ctc_greedy(MatrixView<const float>{}, 0), Ids{});
}

TEST(CtcGreedy, BlanksVanish) { EXPECT_EQ(decoded({0, 0, 0}), Ids{}); }

TEST(CtcGreedy, RepeatsAreOneToken) { EXPECT_EQ(decoded({0, 2, 2, 2, 3, 3, 0}), (Ids{2, 3})); }

TEST(CtcGreedy, ABlankBetweenRepeatsKeepsBoth) {
  EXPECT_EQ(decoded({2, 2, 0, 2, 0, 0, 2}), (Ids{2, 2, 2}));
}

TEST(CtcGreedy, TheBlankMayBeAnyToken) {
  EXPECT_EQ(decoded({0, 0, 4, 0, 1, 4, 4}, 4), (Ids{0, 0, 1}));
}

TEST(CtcGreedy, OfEqualValuesTheLowestIdWins) {
  Matrix<float> logits(3, 4);
  for (const Index token : {1, 3}) logits(0, token) = 2.0f;
  for (const Index token : {2, 3}) logits(1, token) = 7.0f;
  EXPECT_EQ(ctc_greedy(logits.view(), 0),
            (Ids{1, 2}));  // equal logits of the last frame: the blank
}

TEST(CtcGreedy, RowsMayLieApart) {
  Matrix<float> wide(2, 8);
  wide(0, 1) = wide(1, 2) = 1.0f;
  wide(0, 6) = wide(1, 6) = 9.0f;  // outputs beyond the tokens
  EXPECT_EQ(ctc_greedy({wide.data(), 2, 4, 8}, 0), (Ids{1, 2}));
}

TEST(TokenTexts, KnowTheSeparatorsOfOtherTools) {
  using Texts = std::vector<std::string>;
  const auto texts = [](const Texts& tokens) { return token_texts(tokens); };
  EXPECT_EQ(texts({"<blank>", "<space>", "A"}), (Texts{"<blank>", " ", "A"}));  // ESPnet
  EXPECT_EQ(texts({"\u2581", "\u2581the", "s"}), (Texts{" ", " the", "s"}));    // SentencePiece
  EXPECT_EQ(texts({"<pad>", "|", "E"}), (Texts{"<pad>", " ", "E"}));            // wav2vec 2.0
  EXPECT_EQ(texts({" ", "|", "E"}), (Texts{" ", "|", "E"}));  // here "|" is no space
  EXPECT_EQ(texts({"\u2581a", "|"}), (Texts{" a", "|"}));
}

TEST(TokensToText, SpacesAreSingleAndNoneAround) {
  const std::vector<std::string> tokens{"<blank>", " ", "'", "A", "B", "\xC3\x89"};
  const auto text = [&](const Ids& ids) { return tokens_to_text(ids, tokens); };
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({1}), "");
  EXPECT_EQ(text({3, 4}), "AB");
  EXPECT_EQ(text({1, 1, 3, 2, 4, 1, 1, 4, 5, 1}), "A'B B\xC3\x89");
}

}  // namespace
}  // namespace edgeval
