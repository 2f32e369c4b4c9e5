#include "eval/transcripts.hpp"

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval {
namespace {

using Texts = std::vector<std::string>;
using Format = TranscriptFormat;

TranscriptPair read(const std::string& reference, const std::string& hypothesis,
                    std::optional<Format> format = std::nullopt) {
  const test::TemporaryFolder folder;
  return read_transcripts(folder.file("ref", reference), folder.file("hyp", hypothesis), format);
}

TEST(Transcripts, KaldiTextIsPairedByIdInTheOrderOfTheReference) {
  const TranscriptPair pair = read("u2 B b\nu1\tA  a\n", "u1 x\nu2 y z\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
  EXPECT_EQ(pair.ids, (Texts{"u2", "u1"}));
  EXPECT_EQ(pair.references, (Texts{"B b", "A  a"}));
  EXPECT_EQ(pair.hypotheses, (Texts{"y z", "x"}));
  EXPECT_TRUE(pair.missing.empty());
}

TEST(Transcripts, TrnIsPairedByIdWithoutItsComments) {
  const TranscriptPair pair =
      read(";; made by hand\n\na (uh) b (s_1)\nc (s_2)\n", "c d (s_2)\n(s_1)\n");
  EXPECT_EQ(pair.reference_format, Format::kTrn);
  EXPECT_EQ(pair.ids, (Texts{"s_1", "s_2"}));
  EXPECT_EQ(pair.references, (Texts{"a (uh) b", "c"}));
  EXPECT_EQ(pair.hypotheses, (Texts{"", "c d"}));
  EXPECT_TRUE(pair.missing.empty());  // an empty hypothesis is there
}

TEST(Transcripts, PlainLinesArePairedByNumber) {
  const TranscriptPair pair = read("the cat\n\nthe dog\n", "the bat\nit\n\n");
  EXPECT_EQ(pair.reference_format, Format::kLines);
  EXPECT_EQ(pair.ids, (Texts{"1", "2", "3"}));
  EXPECT_EQ(pair.references, (Texts{"the cat", "", "the dog"}));
  EXPECT_EQ(pair.hypotheses, (Texts{"the bat", "it", ""}));
}

TEST(Transcripts, IdsPairKaldiTextWithTrn) {
  const TranscriptPair pair = read("u1 a b\n", "a c (u1)\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
  EXPECT_EQ(pair.hypothesis_format, Format::kTrn);
  EXPECT_EQ(pair.hypotheses, Texts{"a c"});
}

TEST(Transcripts, EmptyTranscriptsStay) {
  const TranscriptPair pair = read("u1\nu2 b\n", "u1 a\nu2\n");
  EXPECT_EQ(pair.references, (Texts{"", "b"}));
  EXPECT_EQ(pair.hypotheses, (Texts{"a", ""}));
}

TEST(Transcripts, AMissingHypothesisIsEmptyAndNamed) {
  const TranscriptPair pair = read("u1 a\nu2 b\nu3 c\n", "u2 b\n");
  EXPECT_EQ(pair.hypotheses, (Texts{"", "b", ""}));
  EXPECT_EQ(pair.missing, (Texts{"u1", "u3"}));
}

TEST(Transcripts, WindowsFilesReadAsOthers) {
  const TranscriptPair pair = read("\xEF\xBB\xBFu1 a\r\nu2 b\r\n", "u1 a\nu2 b");
  EXPECT_EQ(pair.ids, (Texts{"u1", "u2"}));
  EXPECT_EQ(pair.references, pair.hypotheses);
}

TEST(Transcripts, AGivenFormatIsNotGuessed) {
  const TranscriptPair pair = read("u1 a\nu2 b\n", "u1 a\nu3 b\n", Format::kLines);
  EXPECT_EQ(pair.references, (Texts{"u1 a", "u2 b"}));
  EXPECT_EQ(pair.hypotheses, (Texts{"u1 a", "u3 b"}));
  EXPECT_EQ(read("a x\nb y\n", "b y\na z\n", Format::kKaldi).hypotheses, (Texts{"z", "y"}));
}

TEST(Transcripts, LinesThatBeginAlikeButRepeatAreNotTakenForIds) {
  EXPECT_EQ(read("the cat\nthe dog\n", "the bat\nthe dog\n").reference_format, Format::kLines);
  EXPECT_EQ(read("hello there\n", "hello their\n").reference_format, Format::kLines);
}

TEST(Transcripts, LinesThatBeginWithNumbersAreNotTakenForIds) {
  const TranscriptPair pair =
      read("1 apple\n1 pear\n2nd street\n", "1 apples\n1 pear\n3rd street\n");
  EXPECT_EQ(pair.reference_format, Format::kLines);
  EXPECT_EQ(pair.references, (Texts{"1 apple", "1 pear", "2nd street"}));
}

TEST(Transcripts, IdsOfDigitsWithDashesAreIds) {
  const TranscriptPair pair = read("61-70968-0000 a\n", "61-70968-0000 b\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
}

struct Malformed {
  const char* fact;
  std::string reference;
  std::string hypothesis;
  std::optional<Format> format;
  const char* complaint;  // part of the message
};

class MalformedTranscripts : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedTranscripts, AreRefusedWithThePlace) {
  const Malformed& files = GetParam();
  try {
    read(files.reference, files.hypothesis, files.format);
    FAIL() << "accepted";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(files.complaint), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

const std::vector<Malformed> kMalformed{
    {"EmptyReference", "", "u1 a\n", {}, "ref: is empty"},
    {"EmptyHypothesis", "u1 a\n", "", {}, "hyp: is empty"},
    {"OnlyAByteOrderMark", "u1 a\n", "\xEF\xBB\xBF", {}, "hyp: is empty"},
    {"OnlyComments", "a (u1)\n", ";; nothing\n\n", Format::kTrn, "hyp: holds no utterance"},
    {"LatinOne", "u1 \xE9t\xE9\n", "u1 a\n", {}, "ref:1: not UTF-8"},
    {"BrokenSequenceOnALaterLine", "u1 a\nu2 b\n", "u1 a\nu2 \xC3\n", {}, "hyp:2: not UTF-8"},
    {"SurrogateInUtf8", "u1 \xED\xA0\x80\n", "u1 a\n", {}, "ref:1: not UTF-8"},
    {"Utf16WithMark", std::string("\xFF\xFEu\0", 4), "u1 a\n", {}, "ref:1: not UTF-8"},
    {"Utf16WithoutMark",
     std::string("u\0001\0 \0a\0\n\0", 10),
     "u1 a\n",
     {},
     "ref:1: holds a zero"},
    {"DoubledReference",
     "u1 a\nu2 b\nu1 c\n",
     "u1 a\n",
     {},
     "ref:3: utterance 'u1' is already on line 1"},
    {"DoubledHypothesis", "u1 a\nu2 b\n", "u2 a\nu2 b\n", {}, "hyp:2: utterance 'u2' is already"},
    {"DoubledTrn",
     "a (u1)\n",
     "a (u1)\n;;\nb (u1)\n",
     {},
     "hyp:3: utterance 'u1' is already on line 1"},
    {"UnknownHypothesis", "u1 a\nu2 b\n", "u1 a\nu9 b\n", {}, "hyp:2: utterance 'u9' is not in "},
    {"IdsDifferInCase", "U1 a\n", "u1 a\n", {}, "hyp:1: utterance 'u1' is not in "},
    {"BlankKaldiLine", "u1 a\n\nu2 b\n", "u1 a\nu2 b\n", {}, "ref:2: is blank"},
    {"TrnLineWithoutId", "a (u1)\nb\nc (u3)\n", "a (u1)\n", {}, "ref:2: does not end with (ID)"},
    {"TrnIdIsEmpty", "a (u1)\n", "a ()\n", Format::kTrn, "hyp:1: does not end with (ID)"},
    {"TrnIdHoldsASpace", "a (u1)\n", "a (u 1)\n", Format::kTrn, "hyp:1: does not end with (ID)"},
    {"TrnAlternatives", "{ a / b } c (u1)\n", "a c (u1)\n", {}, "ref:1: alternatives"},
    {"FewerLines", "the a\nthe b\nthe c\n", "the a\nthe b\n", {}, "ref has 3 lines, "},
    {"MoreLines", "the a\nthe b\n", "the a\nthe b\n\n", {}, "hyp has 3; plain lines"},
    {"LinesAgainstIds", "u1 a\nu2 b\n", "the a\nthe b\n", {}, "ref reads as kaldi, "},
    {"DoubtfulIds",
     "ann a\nbob b\n",
     "bob b\nann a\n",
     {},
     "may or may not begin with utterance ids"},
    {"NumbersThatMayBeIds",
     "1 apple\n2 pears\n",
     "1 apple\n2 bears\n",
     {},
     "may or may not begin with utterance ids"},
    {"IdsAndWordsMixed",
     "u1 a\nu2 b\nthe c\n",
     "u1 a\nu2 b\nthe d\n",
     {},
     "may or may not begin with utterance ids"},
};

INSTANTIATE_TEST_SUITE_P(Files, MalformedTranscripts, ::testing::ValuesIn(kMalformed),
                         [](const auto& test) { return test.param.fact; });

TEST(Transcripts, AFileThatIsNotThereIsNamed) {
  const test::TemporaryFolder folder;
  const auto there = folder.file("there", "u1 a\n");
  EXPECT_THROW(read_transcripts(there, folder.path() / "absent"), Error);
  EXPECT_THROW(read_transcripts(folder.path(), there), Error);
}

}  // namespace
}  // namespace edgeval
