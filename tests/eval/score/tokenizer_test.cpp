#include "eval/score/text/tokenizer.hpp"

#include <gtest/gtest.h>

#include "eval/score/text/unicode.hpp"

namespace edgeval {
namespace {

// Returns the tokens with bars between them.
std::string tokens(Tokenizer tokenizer, const char* sentence) {
  std::string text;
  for (const std::string& token : tokenize(tokenizer, sentence))
    text += (text.empty() ? "" : "|") + token;
  return text;
}

TEST(Tokenizer13a, PartsWhatAsciiMarks) {
  const auto parted = [](const char* sentence) { return tokens(Tokenizer::k13a, sentence); };
  EXPECT_EQ(parted("Hello, world! (really)"), "Hello|,|world|!|(|really|)");
  EXPECT_EQ(parted("1,000.50 is 3.5."), "1,000.50|is|3.5|.");
  EXPECT_EQ(parted("well-known 1990-1995"), "well-known|1990|-|1995");
  EXPECT_EQ(parted("don't"), "don't");
  EXPECT_EQ(parted("&quot;a&quot; &amp;lt; <skipped>x"), "\"|a|\"|<|x");
  EXPECT_EQ(parted("„Zitat“…"), "„Zitat“…");
  EXPECT_EQ(parted(""), "");
}

TEST(TokenizerIntl, PartsPunctuationFromWhatIsNoNumberAndEverySymbol) {
  const auto parted = [](const char* sentence) { return tokens(Tokenizer::kIntl, sentence); };
  EXPECT_EQ(parted("„Zitat“…"), "„|Zitat|“|…");
  EXPECT_EQ(parted("1,000.50€"), "1,000.50|€");
  EXPECT_EQ(parted("in 1984."), "in|1984.");   // no neighbour behind the period
  EXPECT_EQ(parted("in 1984. "), "in|1984.");  // white space behind does not count
  EXPECT_EQ(parted("don't"), "don|'|t");
  EXPECT_EQ(parted("😀a"), "😀|a");
  EXPECT_EQ(parted("&lt;"), "&|lt|;");
}

TEST(TokenizerChar, EveryCharacterButWhiteSpaceIsAToken) {
  EXPECT_EQ(tokens(Tokenizer::kChar, "añ b\u3000日"), "a|ñ|b|日");
  EXPECT_EQ(tokens(Tokenizer::kNone, " a,b\u00A0c\td "), "a,b|c|d");
}

TEST(LowerCase, FollowsTheWholeOfUnicode) {
  EXPECT_EQ(lower_case("ÄÖÜ STRASSE Ёлка"), "äöü strasse ёлка");
  EXPECT_EQ(lower_case("ΟΔΥΣΣΕΥΣ Σ"), "οδυσσευς σ");
  EXPECT_EQ(lower_case("İ"), "i\u0307");
  EXPECT_EQ(lower_case(std::string(1000, 'I') + "İİİİİİİİİİ").size(), 1030u);  // it grows
  EXPECT_EQ(lower_case(""), "");
}

TEST(Unicode, BytesThatAreNoUtf8AreReplacementCharacters) {
  EXPECT_EQ(code_points("a\xFF\xC3z"), U"a\uFFFD\uFFFDz");
  EXPECT_EQ(utf8(U"aé日😀"), "aé日😀");
  EXPECT_EQ(unicode_words("\xE2\x80").size(), 1u);
}

}  // namespace
}  // namespace edgeval
