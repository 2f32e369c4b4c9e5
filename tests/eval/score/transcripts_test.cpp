#include "eval/score/text/transcripts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval {
namespace {

using Strings = std::vector<std::string>;
using Format = TranscriptFormat;

TranscriptPair read(const std::string& reference, const std::string& hypothesis,
                    std::optional<Format> format = std::nullopt) {
  const test::TemporaryFolder folder;
  return read_transcripts(folder.file("ref", reference), folder.file("hyp", hypothesis), format);
}

TEST(Transcripts, KaldiTextIsPairedByIdInTheOrderOfTheReference) {
  const TranscriptPair pair = read("u2 B b\nu1\tA  a\n", "u1 x\nu2 y z\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
  EXPECT_EQ(pair.ids, (Strings{"u2", "u1"}));
  EXPECT_EQ(pair.references, (Strings{"B b", "A  a"}));
  EXPECT_EQ(pair.hypotheses, (Strings{"y z", "x"}));
  EXPECT_TRUE(pair.missing.empty());
}

TEST(Transcripts, TrnIsPairedByIdWithoutItsComments) {
  const TranscriptPair pair =
      read(";; made by hand\n\na (uh) b (s_1)\nc (s_2)\n", "c d (s_2)\n(s_1)\n");
  EXPECT_EQ(pair.reference_format, Format::kTrn);
  EXPECT_EQ(pair.ids, (Strings{"s_1", "s_2"}));
  EXPECT_EQ(pair.references, (Strings{"a (uh) b", "c"}));
  EXPECT_EQ(pair.hypotheses, (Strings{"", "c d"}));
  EXPECT_TRUE(pair.missing.empty());  // an empty hypothesis is there
}

TEST(Transcripts, PlainLinesArePairedByNumber) {
  const TranscriptPair pair = read("the cat\n\nthe dog\n", "the bat\nit\n\n");
  EXPECT_EQ(pair.reference_format, Format::kLines);
  EXPECT_EQ(pair.ids, (Strings{"1", "2", "3"}));
  EXPECT_EQ(pair.references, (Strings{"the cat", "", "the dog"}));
  EXPECT_EQ(pair.hypotheses, (Strings{"the bat", "it", ""}));
}

TEST(Transcripts, IdsPairKaldiTextWithTrn) {
  const TranscriptPair pair = read("u1 a b\n", "a c (u1)\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
  EXPECT_EQ(pair.hypothesis_format, Format::kTrn);
  EXPECT_EQ(pair.hypotheses, Strings{"a c"});
}

TEST(Transcripts, EmptyTranscriptsStay) {
  const TranscriptPair pair = read("u1\nu2 b\n", "u1 a\nu2\n");
  EXPECT_EQ(pair.references, (Strings{"", "b"}));
  EXPECT_EQ(pair.hypotheses, (Strings{"a", ""}));
}

TEST(Transcripts, AMissingHypothesisIsEmptyAndNamed) {
  const TranscriptPair pair = read("u1 a\nu2 b\nu3 c\n", "u2 b\n");
  EXPECT_EQ(pair.hypotheses, (Strings{"", "b", ""}));
  EXPECT_EQ(pair.missing, (Strings{"u1", "u3"}));
}

TEST(Transcripts, WindowsFilesReadAsOthers) {
  const TranscriptPair pair = read("\xEF\xBB\xBFu1 a\r\nu2 b\r\n", "u1 a\nu2 b");
  EXPECT_EQ(pair.ids, (Strings{"u1", "u2"}));
  EXPECT_EQ(pair.references, pair.hypotheses);
}

TEST(Transcripts, AGivenFormatIsNotGuessed) {
  const TranscriptPair pair = read("u1 a\nu2 b\n", "u1 a\nu3 b\n", Format::kLines);
  EXPECT_EQ(pair.references, (Strings{"u1 a", "u2 b"}));
  EXPECT_EQ(pair.hypotheses, (Strings{"u1 a", "u3 b"}));
  EXPECT_EQ(read("a x\nb y\n", "b y\na z\n", Format::kKaldi).hypotheses, (Strings{"z", "y"}));
}

TEST(Transcripts, LinesThatBeginAlikeButRepeatAreNotTakenForIds) {
  EXPECT_EQ(read("the cat\nthe dog\n", "the bat\nthe dog\n").reference_format, Format::kLines);
  EXPECT_EQ(read("hello there\n", "hello their\n").reference_format, Format::kLines);
}

TEST(Transcripts, LinesThatBeginWithNumbersAreNotTakenForIds) {
  const TranscriptPair pair =
      read("1 apple\n1 pear\n2nd street\n", "1 apples\n1 pear\n3rd street\n");
  EXPECT_EQ(pair.reference_format, Format::kLines);
  EXPECT_EQ(pair.references, (Strings{"1 apple", "1 pear", "2nd street"}));
}

TEST(Transcripts, IdsOfDigitsWithDashesAreIds) {
  const TranscriptPair pair = read("61-70968-0000 a\n", "61-70968-0000 b\n");
  EXPECT_EQ(pair.reference_format, Format::kKaldi);
}

constexpr const char* kNemoReference =
    R"({"audio_filepath": "a.wav", "duration": 1.2, "text": "three eight two"}
{"audio_filepath": "b.wav", "offset": 0.0, "text": "one two"}

{"audio_filepath": "b.wav", "offset": 7.5, "text": ""}
)";
constexpr const char* kNemoHypothesis =
    R"({"audio_filepath": "b.wav", "offset": 7.5, "text": "", "pred_text": "uh"}
{"audio_filepath": "a.wav", "text": "three eight two", "pred_text": "tree eight two"}
{"audio_filepath": "b.wav", "offset": 0.0, "text": "one two", "pred_text": "one two"}
)";

TEST(Transcripts, NemosLinesArePairedByTheirAudio) {
  const TranscriptPair pair = read(kNemoReference, kNemoHypothesis);
  EXPECT_EQ(pair.reference_format, Format::kNemo);
  EXPECT_EQ(pair.ids, (Strings{"a.wav", "b.wav", "b.wav@7.5"}));
  EXPECT_EQ(pair.references, (Strings{"three eight two", "one two", ""}));
  EXPECT_EQ(pair.hypotheses, (Strings{"tree eight two", "one two", "uh"}));
  EXPECT_EQ(read(kNemoHypothesis, kNemoHypothesis).references,
            (Strings{"", "three eight two", "one two"}));  // its own text is the reference
}

TEST(Transcripts, NemosLinesWithIdsPairWithKaldiText) {
  const TranscriptPair pair =
      read("u1 three two\n", R"({"id": "u1", "audio_filepath": "a.wav", "pred_text": "tree two"})");
  EXPECT_EQ(pair.hypothesis_format, Format::kNemo);
  EXPECT_EQ(pair.hypotheses, Strings{"tree two"});
}

TEST(Transcripts, TheUtterancesOfARunAreReadOnBothSides) {
  const std::string run = R"({"id": "u1", "reference": "a b", "hypothesis": "a c", "errors": 1})";
  const TranscriptPair pair = read(run, run);
  EXPECT_EQ(pair.reference_format, Format::kRun);
  EXPECT_EQ(pair.references, Strings{"a b"});
  EXPECT_EQ(pair.hypotheses, Strings{"a c"});
}

TEST(Transcripts, SentencesAreLinesWhateverTheyBeginWith) {
  const test::TemporaryFolder folder;
  const auto file = folder.file("de", "u1 a\nu2 b\n");
  EXPECT_EQ(read_transcripts(file, file, std::nullopt, Guess::kSentences).references,
            (Strings{"u1 a", "u2 b"}));
}

TEST(Transcripts, OneLineThatMayBeginWithAnIdIsSettledByTheFormat) {
  EXPECT_EQ(read("5f2b a b\n", "5f2b a c\n", Format::kKaldi).hypotheses, Strings{"a c"});
  EXPECT_EQ(read("5f2b a b\n", "5f2b a c\n", Format::kLines).hypotheses, Strings{"5f2b a c"});
  EXPECT_EQ(read("5f2b a b\n", "6f2b a c\n").reference_format, Format::kLines);
}

// These texts look only a little like another kind of file.
TEST(Transcripts, WordsThatLookLikeOtherFilesStayWords) {
  for (const std::string text :
       {"u1 3 5 7 9\nu2 1 2 3 4\n", "[noise] the cat\n[noise] the dog\n", "{uh} the cat\n",
        "the text, the file\n", "an arrow --> here\n", "start\tthe text\n", "<s> the cat </s>\n",
        "from 1.5 to 2.5 and on\n", "it was 3.5 4.5 kilos\n", "7 4 6 9 1\n7 3 6 9 1\n",
        "[\"the cat\" she said\n"})
    EXPECT_EQ(read(text, text, std::nullopt).references.size(),
              static_cast<std::size_t>(std::ranges::count(text, '\n')))
        << text;
}

struct Foreign {
  const char* fact;
  std::string bytes;
  const char* kind;
};

void PrintTo(const Foreign& foreign, std::ostream* out) { *out << foreign.fact; }

class ForeignFiles : public ::testing::TestWithParam<Foreign> {};

TEST_P(ForeignFiles, AreRefusedByTheirKindOnEitherSide) {
  for (const bool as_reference : {true, false}) try {
      const std::string good = "the cat\nthe dog\n";
      read(as_reference ? GetParam().bytes : good, as_reference ? good : GetParam().bytes);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(concat(as_reference ? "/ref: " : "/hyp: ", GetParam().kind)),
                std::string::npos)
          << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
}

const std::vector<Foreign> kForeign{
    {"Ctm", ";; made by hand\nmeet A 0.10 0.30 the\nmeet A 0.40 0.20 dog 0.99\n", "is CTM"},
    {"CtmOfWholeSeconds", "meet 1 0 0.3 the\nmeet 1 1.5 1 dog\n", "is CTM"},
    {"CtmWithSpeakers", "meet A 0.10 0.30 the 0.9 lex ann\nmeet A 0.40 0.20 dog 0.9 lex ann\n",
     "is CTM"},
    {"StmOfWholeSeconds", "meet A ann 0 2.35 the dog\nmeet A bob 2.35 3 a cat\n", "is STM"},
    {"Stm", "meet A ann 0.00 2.35 <o,f0,male> the dog\nmeet A bob 2.35 3.0\n", "is STM"},
    {"SubRip", "1\n00:00:01,000 --> 00:00:02,000\nthe dog\n", "holds subtitles"},
    {"WebVtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nthe dog\n", "holds subtitles"},
    {"WhispersLines", "[00:00.000 --> 00:02.000]  the dog\n", "holds subtitles"},
    {"WhispersJson",
     "{\n \"text\": \" the dog\",\n \"segments\": [{\"id\": 0, \"tokens\": [1, 2]}]\n}\n",
     "is JSON as Whisper"},
    {"WhispersJsonInALine", "{\"text\": \" the dog\", \"segments\": []}\n", "is JSON as Whisper"},
    {"EspnetsJson", "{\n \"utts\": {\"u1\": {\"output\": []}}\n}\n", "is JSON as ESPnet"},
    {"AList", "[\n {\"text\": \"the dog\"}\n]\n", "is JSON, but neither"},
    {"AListOfTexts", "[\"the dog\", \"the cat\"]\n", "is JSON, but neither"},
    {"OtherJsonLines", "{\"utt\": \"u1\", \"text\": \"the dog\"}\n", "is JSON, but neither"},
    {"DeepJson", "{\"a\":" + std::string(100000, '['),
     "begins as JSON does, but cannot be read as JSON: the text: the JSON nests deeper than 16 "
     "levels"},
    {"JsonLineWithAKeyTwice", "{\"id\": \"u1\", \"text\": \"the dog\", \"id\": \"u2\"}\n",
     "begins as JSON does, but cannot be read as JSON: its first line: duplicate key \"id\""},
    {"JsonThatEndsEarly", "{\n  \"id\": \"u1\",\n",
     "begins as JSON does, but cannot be read as JSON: the text: not valid JSON at byte "},
    {"AReport", "{\n \"schema\": 1,\n \"edgeval\": {}\n}\n", "is a JSON file of edgeval's"},
    {"Csv", "wav_filename,wav_filesize,transcript\na.wav,100,the dog\n", "is a table"},
    {"CommonVoice", "client_id\tpath\tsentence\tup_votes\n1\ta.mp3\tThe dog.\t2\n", "is a table"},
    {"SpeechBrain", "ID,duration,wav,spk_id,wrd\nu1,1.5,a.wav,s,THE DOG\n", "is a table"},
    {"WhispersTsv", "start\tend\ttext\n0\t1000\tthe dog\n", "is a table"},
    {"Xml", "<?xml version=\"1.0\"?>\n<refset/>\n", "is marked up"},
    {"Wav", std::string("RIFF\xFF\xFF\0\0WAVEfmt ", 16), "is an audio file"},
    {"Checkpoint", std::string("PK\x03\x04\0\0", 6), "is a zip archive"},
};

INSTANTIATE_TEST_SUITE_P(Files, ForeignFiles, ::testing::ValuesIn(kForeign),
                         [](const auto& test) { return test.param.fact; });

struct Malformed {
  const char* fact;
  std::string reference;
  std::string hypothesis;
  std::optional<Format> format;
  const char* complaint;  // part of the message
};

void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.fact; }

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
    {"ARunWithSeveralReferences",
     R"({"id": "1", "reference": "a", "further_references": ["b"], "hypothesis": "b"})",
     R"({"id": "1", "reference": "a", "further_references": ["b"], "hypothesis": "b"})",
     {},
     "ref:1: has several references"},
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
    {"MoreLines", "the a\nthe b\n", "the a\nthe b\n\n", {}, "hyp has 3; files of plain lines"},
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
    {"OneLineWithAHashInFront",
     "5f2b074881760 a b\n",
     "5f2b074881760  a c\n",
     {},
     "may or may not begin with utterance ids"},
    {"OneLineWithANumberInFront", "7 a\n", "7\n", {}, "may or may not begin with utterance ids"},
    {"NemoWithoutAPrediction",
     kNemoReference,
     kNemoReference,
     {},
     "hyp:1: key \"pred_text\" is missing"},
    {"NemoWithoutAText",
     R"({"id": "u1", "pred_text": "a"})",
     "u1 a\n",
     {},
     "ref:1: key \"text\" is missing"},
    {"NemoWithOneFileTwice",
     "{\"audio_filepath\": \"a\", \"text\": \"a\"}\n{\"audio_filepath\": \"a\", \"text\": \"b\"}",
     "a b\n", Format::kNemo, "ref:2: utterance 'a' is already on line 1"},
    {"NemoWithAZeroByte",
     std::string("{\"id\": \"a\", \"text\": \"a\"}\0{", 26),
     "a1 b\n",
     {},
     "holds a zero byte"},
    {"JsonAgainstLines", kNemoReference, "the a\nthe b\n", {}, "ref reads as nemo, "},
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
