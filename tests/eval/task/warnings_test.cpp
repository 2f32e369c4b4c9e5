// Tests what causes a warning, that nothing else does, and that --case and --normalize remove the
// causes that warnings name them for. Some cases are worked out by hand; others run the program on
// the speech that ships with changed transcripts.
#include "eval/task/warnings.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/core/files/file.hpp"
#include "host/engine/ctc.hpp"
#include "tests/support/command.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

Texts warnings_of(const Texts& references, const Texts& hypotheses, const Texts& tokens = {}) {
  return text_warnings(references, hypotheses, tokens);
}

const Texts kTokens{"<blank>", " ", "A", "B", "C", "\u00c9"};  // the last is E with an acute

TEST(TextWarnings, NothingIsSaidOfTranscriptsTheModelCanWrite) {
  EXPECT_EQ(warnings_of({"A B", "C"}, {"A C", ""}, kTokens), Texts{});
  EXPECT_EQ(warnings_of({"", ""}, {"", ""}, kTokens), Texts{});  // there is nothing to recognise
  EXPECT_EQ(warnings_of({"A"}, {"A"}), Texts{});
}

TEST(TextWarnings, CharactersBeyondTheModelAreNamedWithTheirCure) {
  // Of 5 characters one is "a" and one is "b", and upper case mends both.
  EXPECT_EQ(warnings_of({"a b", "A B C"}, {"A B", "A B C"}, kTokens),
            Texts{"transcripts hold characters the model cannot emit: a b (2 of 5 characters); "
                  "try --case upper"});
  // Upper case mends "a", and nothing mends "?".
  EXPECT_EQ(warnings_of({"a ?", "A ?"}, {"A", "A"}, kTokens),
            Texts{"transcripts hold characters the model cannot emit: ? a (3 of 4 characters); "
                  "try --case upper"});
  EXPECT_EQ(warnings_of({"A ?"}, {"A"}, kTokens),
            Texts{"transcripts hold characters the model cannot emit: ? (1 of 2 characters)"});
  // The transcript has E and a combining acute, and the model has both in one character.
  EXPECT_EQ(warnings_of({"A E\u0301"}, {"A"}, kTokens),
            Texts{"transcripts hold characters the model cannot emit: E \u0301 (2 of 3 "
                  "characters); try --normalize nfc"});
  EXPECT_EQ(warnings_of({"X Y"}, {"x Z"}, {"x", "y", " "}).front(),
            "transcripts hold characters the model cannot emit: X Y (2 of 2 characters); try "
            "--case lower");
}

TEST(TextWarnings, ManyCharactersAreCut) {
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += c;
  const std::string warning = warnings_of({text}, {"A"}, {"A"}).front();
  EXPECT_NE(warning.find(" t and 6 more (26 of 26 characters)"), std::string::npos) << warning;
}

TEST(TextWarnings, NoWordRightHasItsReason) {
  EXPECT_EQ(warnings_of({"A B", "C"}, {"", " "}).front().substr(0, 24), "all hypotheses are empty");
  EXPECT_EQ(
      warnings_of({"a b", "c"}, {"A B", "C"}),
      Texts{"no word of the transcripts was ever recognised; some would be with --case upper"});
  EXPECT_EQ(
      warnings_of({"A B", "C"}, {"a b", "c"}),
      Texts{"no word of the transcripts was ever recognised; some would be with --case lower"});
  EXPECT_EQ(warnings_of({"the cat", "a mat"}, {"thecat", "amat"}),
            Texts{"no word of the transcripts was ever recognised; every hypothesis is one word: "
                  "the separator of words is missing among the tokens, or is written in a way "
                  "edgeval does not know"});
  EXPECT_EQ(warnings_of({"one two", "three"}, {"four six", "five"}).front().substr(0, 47),
            "no word of the transcripts was ever recognised;");
  // A word that would be right in another utterance does not count as right.
  EXPECT_EQ(warnings_of({"one", "two"}, {"two", "one"}).size(), 1u);
}

TEST(TextWarnings, WordsThatRunTogetherAreSaidThoughSingleOnesAreRight) {
  const Texts references{"one", "two three", "four five six", "yes no"};
  const Texts warning{
      "no hypothesis has more than one word: the separator of words is missing among the tokens, "
      "or is written in a way edgeval does not know"};
  EXPECT_EQ(warnings_of(references, {"one", "two#three", "four#fife#six", ""}), warning);
  EXPECT_EQ(warnings_of(references, {"one", "twothree", "four six", ""}), Texts{});
  EXPECT_EQ(warnings_of(references, {"one", "twothree", "four", "yes"}), Texts{});
  EXPECT_EQ(warnings_of({"one", "two"}, {"one", "ten"}), Texts{});
}

// The counts tell what plans and operands did.
TEST(PolicyWarnings, NameWhatLeftOutNothing) {
  const Model model =
      random_model({.inputs = 3, .lstm = {{.cells = 2}, {.cells = 2}}, .outputs = 4}, 1);
  OperatingPoint point = {{LayerPolicy{}, LayerPolicy{}, LayerPolicy{}}};
  Activity total;
  for (const LayerShape& shape : layer_shapes(model))
    total.layers.push_back(dense_counts(shape, 1, 9));
  EXPECT_EQ(policy_warnings(model, point, total), Texts{});
  point.layers[0].plan = SimilaritySkip{};
  point.layers[1].operand = Delta{};
  const Texts both = policy_warnings(model, point, total);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_TRUE(both[0].starts_with("plan similarity_skip ran every step")) << both[0];
  EXPECT_TRUE(both[1].starts_with("operand delta left out no product")) << both[1];
  // One step is skipped, and one element does not change.
  total.layers[0][Count::kStepsSkipped] = 1;
  EXPECT_EQ(policy_warnings(model, point, total).size(), 1u);
  total.layers[1][Count::kRecurrentInputsChanged] -= 1;
  EXPECT_EQ(policy_warnings(model, point, total), Texts{});
}

// The set that ships, with rewritten transcripts.
TEST(BeamWarnings, NameABeamThatNeverNarrowed) {
  const Beam dynamic = DynamicBeam{.min = 2, .max = 5, .sigma_min = 0.1, .sigma_max = 1.7};
  const Texts warning{
      "beam dynamic kept its greatest width, 5, at every step; are its thresholds right? "
      "(docs/techniques.md, \"Choosing a threshold\")"};
  EXPECT_EQ(beam_warnings(dynamic, {.steps = 3, .beam_width_sum = 15}), warning);
  EXPECT_EQ(beam_warnings(dynamic, {.steps = 3, .beam_width_sum = 14}), Texts{});
  EXPECT_EQ(beam_warnings(dynamic, {}), Texts{});  // nothing was translated
  EXPECT_EQ(beam_warnings(FixedBeam{.width = 5}, {.steps = 3, .beam_width_sum = 15}), Texts{});
  EXPECT_EQ(beam_warnings(PrunedBeam{.width = 5}, {.steps = 3, .beam_width_sum = 15}).size(), 1u);
}

class RewrittenSpeech : public ::testing::Test {
 protected:
  CommandResult run(const std::function<std::string(std::string)>& rewrite, Texts more,
                    const std::string& model = spoken_model()) {
    std::istringstream lines(read_file(spoken_data() + "/test.jsonl"));
    std::string manifest;
    int left = 6;
    for (std::string line; left-- > 0 && std::getline(lines, line);) {
      Json utterance = Json::parse(line);
      utterance["text"] = rewrite(utterance["text"]);
      utterance["audio_filepath"] =
          spoken_data() + "/" + utterance["audio_filepath"].get<std::string>();
      manifest += utterance.dump() + "\n";
    }
    folder_.file("set.jsonl", manifest);
    Texts arguments{"run", "--model", model, "--data", "set.jsonl", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return edgeval(arguments, folder_.path());
  }
  Json report() const { return Json::parse(read_file(folder_.path() / "out/report.json")); }

  TemporaryFolder folder_;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST_F(RewrittenSpeech, LowerCaseIsWarnedOfAndMended) {
  const CommandResult plain = run([](std::string text) { return text; }, {});
  const Json right = report();
  EXPECT_EQ(plain.code, 0);
  EXPECT_EQ(plain.err, "");
  EXPECT_EQ(right.at("warnings"), Json::array());
  EXPECT_EQ(right.at("scoring"), Json::parse(R"({"case": "keep", "normalize": "none"})"));

  const CommandResult wrong = run(lower, {});
  EXPECT_EQ(wrong.code, 0);
  EXPECT_NE(wrong.err.find("edgeval: warning: transcripts hold characters the model cannot emit: "),
            std::string::npos)
      << wrong.err;
  EXPECT_NE(wrong.err.find("try --case upper"), std::string::npos) << wrong.err;
  EXPECT_EQ(report().at("warnings").size(), 2u);
  EXPECT_EQ(report().at("quality").at("wer").at("value"), 100);

  const CommandResult mended = run(lower, {"--case", "upper"});
  EXPECT_EQ(mended.err, "");
  Json quality = report().at("quality");
  EXPECT_EQ(quality.at("wer").at("signature"),
            "edgeval-wer|align:unit|unit:word|case:upper|version:0.1.0");
  EXPECT_EQ(report().at("scoring").at("case"), "upper");
  for (const char* metric : {"wer", "cer", "ser"})
    EXPECT_EQ(quality.at(metric).at("value"), right.at("quality").at(metric).at("value")) << metric;

  // The model's own letters are brought into the same case.
  EXPECT_EQ(run(lower, {"--case", "lower"}).err, "");
  for (const char* metric : {"wer", "cer", "ser"})
    EXPECT_EQ(report().at("quality").at(metric).at("value"),
              right.at("quality").at(metric).at("value"))
        << metric;
}

TEST_F(RewrittenSpeech, APolicyThatDoesNothingIsSaid) {
  const CommandResult nothing =
      run([](std::string text) { return text; },
          {"--no-reference", "--set", "plan.type=similarity_skip", "--set", "plan.threshold=70",
           "--set", "plan.fraction_bits=12"});
  EXPECT_EQ(nothing.code, 0);
  EXPECT_NE(nothing.err.find("warning: plan similarity_skip ran every step of every layer"),
            std::string::npos)
      << nothing.err;
}

// Vocabularies of other tools have these separators in the place of the space.
TEST_F(RewrittenSpeech, SeparatorsOfWordsAreKnown) {
  const std::string bytes = read_file(spoken_model());
  run([](std::string text) { return text; }, {});
  const Json right = report().at("quality").at("wer");
  const auto with_separator = [&](const std::string& separator) {
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
      length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    Json header = Json::parse(bytes.substr(8, length));
    Json model = Json::parse(header["__metadata__"]["edgeval"].get<std::string>());
    EXPECT_EQ(model["tokens"][1], " ");
    model["tokens"][1] = separator;
    header["__metadata__"]["edgeval"] = model.dump();
    const std::string text = header.dump();
    std::string changed;
    for (int i = 0; i < 8; ++i) changed += static_cast<char>(text.size() >> 8 * i & 0xFF);
    return folder_.file("model.safetensors", changed + text + bytes.substr(8 + length)).string();
  };
  for (const std::string separator : {"|", "\u2581", "<space>", "<SPACE>"}) {
    const CommandResult result =
        run([](std::string text) { return text; }, {}, with_separator(separator));
    EXPECT_EQ(result.err, "") << separator;
    EXPECT_EQ(report().at("quality").at("wer"), right) << separator;
  }
  const CommandResult unknown = run([](std::string text) { return text; }, {}, with_separator("_"));
  EXPECT_NE(unknown.err.find("no word of the transcripts was ever recognised; every hypothesis is "
                             "one word"),
            std::string::npos)
      << unknown.err;
}

TEST(Score, WarnsOfCaseAndCountsAsAsked) {
  const TemporaryFolder folder;
  folder.file("ref", "utt1 the cat sat\nutt2 on the mat\n");
  folder.file("hyp", "utt1 THE CAT SAT\nutt2 ON A MAT\n");
  const Texts score{"score", "--reference", "ref", "--hypothesis", "hyp", "--format", "json"};
  const CommandResult wrong = edgeval(score, folder.path());
  EXPECT_EQ(wrong.code, 0);
  EXPECT_EQ(wrong.err,
            "edgeval: warning: no word of the transcripts was ever recognised; some would be with "
            "--case upper\n");
  for (const std::string letters : {"upper", "lower"}) {
    Texts with_case = score;
    with_case.insert(with_case.end(), {"--case", letters, "--metric", "wer,exact"});
    const CommandResult mended = edgeval(with_case, folder.path());
    EXPECT_EQ(mended.err, "");
    const Json quality = Json::parse(mended.out).at("quality");
    EXPECT_EQ(quality.at("wer").at("errors"), 1);
    EXPECT_EQ(quality.at("exact").at("exact"), 1);
    EXPECT_EQ(quality.at("exact").at("signature"),
              "edgeval-exact|nrefs:1|case:" + letters + "|version:0.1.0");
  }
  Texts bleu = score;
  bleu.insert(bleu.end(), {"--case", "lower", "--metric", "bleu"});
  EXPECT_TRUE(is_refusal(edgeval(bleu, folder.path()), "--lower-case"));
}

// In normal form C, U+0065 U+0301 is U+00E9, as Python's unicodedata has it.
TEST(Score, NormalFormsAreBroughtTogether) {
  const TemporaryFolder folder;
  folder.file("ref", "u1 caf\u00e9 noir\n");
  folder.file("hyp", "u1 cafe\u0301 noir\n");
  const auto errors = [&](const Texts& more) {
    Texts arguments{"score",          "--reference", "ref",      "--hypothesis", "hyp",
                    "--input-format", "kaldi",       "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Json wer = Json::parse(edgeval(arguments, folder.path()).out).at("quality").at("wer");
    return std::pair(wer.at("errors").get<int>(), wer.at("signature").get<std::string>());
  };
  EXPECT_EQ(errors({}),
            std::pair(1, std::string("edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0")));
  EXPECT_EQ(errors({"--normalize", "nfc"}),
            std::pair(0, std::string(
                             "edgeval-wer|align:unit|unit:word|case:kept|norm:nfc|version:0.1.0")));
}

}  // namespace
}  // namespace edgeval::test
