// Texts for a terminal, a line or a name: control characters are escaped, and long texts cut short.
#include "host/core/text.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace edgeval::test {
namespace {

TEST(Text, ShowsWhatWouldSteerATerminal) {
  EXPECT_EQ(visible("\x1b]0;T\x07\x1b[31mred"), "\\x1b]0;T\\x07\\x1b[31mred");
  EXPECT_EQ(visible("a\nb\rc\td\x7f"), "a\\nb\\rc\\td\\x7f");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("\u0080\u009b31m\u009f\u00a0"), "\\u0080\\u009b31m\\u009f\u00a0");  // C1
  EXPECT_EQ(visible("\u2028\u2029\u202e\u2066"), "\\u2028\\u2029\\u202e\\u2066");
  EXPECT_EQ(visible("\x9b\xff\xc3"), "\\x9b\\xff\\xc3");  // no UTF-8
  EXPECT_EQ(visible("é \u20ac 𝄞 \u05d0\\n"), "é \u20ac 𝄞 \u05d0\\n");
  EXPECT_EQ(printable("a\nb\x1b\n"), "a\nb\\x1b\n");
  EXPECT_EQ(printable(visible("a\nb")), "a\\nb");
}

TEST(Text, CutsAMessageInTheMiddle) {
  EXPECT_EQ(message_line(std::string(2000, 'a')), std::string(2000, 'a'));
  EXPECT_EQ(message_line(std::string(1200, 'a') + std::string(10000, 'b') + std::string(800, 'c')),
            std::string(1200, 'a') + " ... " + std::string(800, 'c'));
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\u20ac";  // three bytes each
  for (int shift = 0; shift < 3; ++shift) {
    const std::string line =
        message_line(std::string(static_cast<std::size_t>(shift), 'x') + euros);
    EXPECT_TRUE(is_utf8(line));
    EXPECT_LE(line.size(), 2005u);
    EXPECT_GE(line.size(), 2000u);
  }
}

TEST(Text, NoCharacterOfALineEndsIt) {
  EXPECT_EQ(without_line_breaks("a\nb\vc\fd\re\x1c\x1d\x1e"
                                "f\u0085g\u2028h\u2029i"),
            "a b c d e   f g h i");
  EXPECT_EQ(without_line_breaks("a\tb\u0084\u2027"), "a\tb\u0084\u2027");
}

// All texts of up to six of these characters, against what a stream makes of words.
TEST(Text, WordsAreWhatSpacesPart) {
  const std::string characters = "a\xC3 \t\r";
  for (int code = 0; code < 5 * 5 * 5 * 5 * 5 * 5 * 2; ++code) {
    std::string text;
    for (int rest = code; rest > 0; rest /= 5)
      text += characters[static_cast<std::size_t>(rest % 5)];
    std::istringstream stream(text);
    std::vector<std::string_view> words = split_words(text);
    std::string joined;
    std::size_t n = 0;
    for (std::string word; stream >> word; ++n) {
      ASSERT_LT(n, words.size());
      ASSERT_EQ(words[n], word);
      joined += (n > 0 ? " " : "") + word;
    }
    ASSERT_EQ(n, words.size());
    ASSERT_EQ(single_spaced(text), joined);
  }
}

}  // namespace
}  // namespace edgeval::test
