// Compares case and normal form of texts with what Python's str and unicodedata give:
//   python3 -c "import unicodedata as u; print(u.normalize('NFC', 'e\u0301').encode())"
#include "eval/score/text/text_rules.hpp"

#include <gtest/gtest.h>

#include "eval/score/text/unicode.hpp"

namespace edgeval::test {
namespace {

TEST(TextRules, CaseIsPythons) {
  const auto upper = [](const std::string& text) {
    return applied({.letters = LetterCase::kUpper}, text);
  };
  const auto lower = [](const std::string& text) {
    return applied({.letters = LetterCase::kLower}, text);
  };
  EXPECT_EQ(upper("stra\u00dfe caf\u00e9 \ufb01"), "STRASSE CAF\u00c9 FI");
  EXPECT_EQ(upper("\u0149"), "\u02bcN");
  EXPECT_EQ(lower("\u00c9T\u00c9"), "\u00e9t\u00e9");
  EXPECT_EQ(applied({}, "Stra\u00dfe"), "Stra\u00dfe");
  EXPECT_EQ(upper(""), "");
}

TEST(TextRules, NormalFormIsPythons) {
  EXPECT_EQ(normal_form_c("e\u0301"), "\u00e9");
  EXPECT_EQ(normal_form_c("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(normal_form_c("\u212b"), "\u00c5");
  EXPECT_EQ(normal_form_c("a\u0323\u0307"), "\u1ea1\u0307");
  EXPECT_EQ(normal_form_c("\ufb01"), "\ufb01");
  EXPECT_EQ(normal_form_c("\u0958"), "\u0915\u093c");  // longer than it was
  EXPECT_EQ(normal_form_c(""), "");
  std::string many, composed;
  for (int i = 0; i < 10000; ++i) many += "\u0958", composed += "\u0915\u093c";
  EXPECT_EQ(normal_form_c(many), composed);
  EXPECT_EQ(normal_form_c("\U0001d11e"), "\U0001d11e");  // beyond 16 bits
}

// The time that ICU takes by itself grows with the square of the number of marks; here it would be
// half an hour.
TEST(TextRules, NormalFormOfManyMarks) {
  const int count = 1'000'000;
  std::string marks, below, above;
  for (int i = 0; i < count; ++i) marks += "\u0301\u0323", below += "\u0323", above += "\u0301";
  EXPECT_TRUE(normal_form_c("a" + marks) == "\u1ea1" + below.substr(2) + above);
  EXPECT_EQ(normal_form_c("a\u0301\U0001d165\u0323b"), "\u1ea1\U0001d165\u0301b");
  EXPECT_EQ(normal_form_c("\u0301\u0323"), "\u0323\u0301");
}

TEST(TextRules, StandInTheSignature) {
  EXPECT_EQ(signature_part({}), "case:kept");
  EXPECT_EQ(signature_part({.letters = LetterCase::kLower, .nfc = true}), "case:lower|norm:nfc");
}

}  // namespace
}  // namespace edgeval::test
