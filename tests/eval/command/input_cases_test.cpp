// Runs the real program on small inputs of users that once gave a wrong figure, a misleading
// refusal or silence (tests/golden/cases). The right answer beside each was found by hand.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/command.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

std::string a_case(const std::string& name) {
  return (source_folder() / "tests/golden/cases" / name).string();
}

struct Outcome {
  CommandResult command;
  Json report;
  std::vector<Json> utterances;
};

CommandResult run_data(const std::string& data, const std::filesystem::path& folder,
                       const std::string& model = spoken_model()) {
  return edgeval({"run", "--model", model, "--data", data, "--hardware", "reuse32"}, folder);
}

// Returns the outcome of a run that must work.
Outcome outcome_of(const std::string& data) {
  const TemporaryFolder folder;
  Outcome outcome{run_data(data, folder.path()), {}, {}};
  EXPECT_EQ(outcome.command.code, 0) << outcome.command.err;
  if (outcome.command.code != 0) return outcome;
  outcome.report = Json::parse(read_file(folder.path() / "out/report.json"));
  std::istringstream lines(read_file(folder.path() / "out/utterances.jsonl"));
  for (std::string line; std::getline(lines, line);)
    outcome.utterances.push_back(Json::parse(line));
  return outcome;
}

CommandResult score(const std::string& reference, const std::string& hypothesis,
                    const Arguments& more = {}) {
  Arguments arguments{"score", "--reference", reference, "--hypothesis", hypothesis};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return edgeval(arguments);
}

// Returns the WER that `score` prints, as JSON.
Json wer_of(const std::string& reference, const std::string& hypothesis,
            const Arguments& more = {}) {
  Arguments arguments{"--format", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const CommandResult result = score(reference, hypothesis, arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  return result.code == 0 ? Json::parse(result.out).at("quality").at("wer") : Json();
}

TEST(InputCases, OneUtteranceWithAnIdIsAskedAbout) {
  const std::string reference = a_case("score/hash.ref"), hypothesis = a_case("score/hash.hyp");
  EXPECT_TRUE(is_refusal(score(reference, hypothesis),
                         "may or may not begin with utterance ids; say --input-format kaldi or"));
  const Json wer = wer_of(reference, hypothesis, {"--input-format", "kaldi"});
  EXPECT_EQ(wer.at("value"), 50);
  EXPECT_EQ(wer.at("words"), 2);
}

TEST(InputCases, WordsWithTimesAreRefusedByName) {
  EXPECT_TRUE(is_refusal(score(a_case("score/talk.ref.ctm"), a_case("score/talk.hyp.ctm")),
                         "talk.ref.ctm: is CTM, words with their times; "));
}

TEST(InputCases, NemosTextIsScoredAgainstItsPrediction) {
  const Json wer = wer_of(a_case("score/nemo_ref.json"), a_case("score/nemo_pred.json"));
  EXPECT_EQ(wer.at("value"), 20);
  EXPECT_EQ(wer.at("errors"), 1);
  EXPECT_EQ(wer.at("words"), 5);
}

// `score` of a run's utterances.jsonl gives the figures of the run.
TEST(InputCases, TheUtterancesOfARunAreScoredAsTheRunDid) {
  const TemporaryFolder folder;
  ASSERT_EQ(edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), "--limit", "20"},
                    folder.path())
                .code,
            0);
  const std::string utterances = (folder.path() / "out/utterances.jsonl").string();
  EXPECT_EQ(wer_of(utterances, utterances),
            Json::parse(read_file(folder.path() / "out/report.json")).at("quality").at("wer"));
  EXPECT_TRUE(is_refusal(
      score((folder.path() / "out/report.json").string(), utterances),
      "report.json: is a JSON file of edgeval's without transcripts; those of a run are in its "
      "utterances.jsonl"));
}

TEST(InputCases, JsonIsNoTranslationEither) {
  const std::string json = a_case("score/nemo_ref.json");
  const DataFolder folder;
  const std::string whisper = folder.file("w.json", "{\"text\": \"a\", \"segments\": []}").string();
  EXPECT_TRUE(is_refusal(score(whisper, whisper, {"--metric", "bleu"}), "JSON as Whisper"));
  EXPECT_EQ(score(json, a_case("score/nemo_pred.json"), {"--metric", "chrf"}).code, 0);
}

// 0.4 s at 16 kHz are 6400 samples: 1 + (6400 - 400) / 160 = 38 whole frames.
TEST(InputCases, APartOfAnAudioFileIsCut) {
  const Outcome outcome = outcome_of(a_case("manifest/durtext.jsonl"));
  EXPECT_EQ(outcome.report.at("data").at("frames"), 38);
  EXPECT_EQ(outcome.report.at("data").at("seconds"), 0.4);
  EXPECT_EQ(outcome.report.at("quality").at("wer").at("insertions"), 0);
  EXPECT_EQ(outcome.command.err.find("note"), std::string::npos);
}

TEST(InputCases, APartBeyondTheEndOfTheFileIsRefused) {
  const DataFolder folder;
  const std::string audio = a_case("manifest/a.flac");  // 15303 samples
  const std::string start = R"({"audio_filepath": ")" + audio + R"(", "text": "A", )";
  folder.file("long.jsonl", start + R"("offset": 0.0, "duration": 4.0})");
  EXPECT_TRUE(is_refusal(run_data("long.jsonl", folder.path()),
                         "long.jsonl:1: the part of 4 s from 0 s on reaches beyond the end of "));
  folder.file("late.jsonl", start + R"("offset": 0.96})");
  EXPECT_TRUE(is_refusal(run_data("late.jsonl", folder.path()),
                         "late.jsonl:1: the offset 0.96 s lies behind the end of "));
}

TEST(InputCases, AnOffsetOfNullIsAsIfAbsent) {
  const Outcome outcome = outcome_of(a_case("manifest/offsetnull.jsonl"));
  EXPECT_EQ(outcome.report.at("data").at("frames"), 1 + (15303 - 400) / 160);
  EXPECT_EQ(outcome.utterances.at(0).at("hypothesis"), "THREE EIGHT TWO");
}

// The first line claims 1.3 s of a file that has 0.96 s.
TEST(InputCases, AManifestWithoutIdsIsCalledByItsAudioFiles) {
  const Outcome outcome = outcome_of(a_case("manifest/noid.jsonl"));
  ASSERT_EQ(outcome.utterances.size(), 2u);
  EXPECT_EQ(outcome.utterances[0].at("id"), "a");
  EXPECT_EQ(outcome.utterances[1].at("id"), "b");
  EXPECT_EQ(outcome.report.at("quality").at("wer").at("errors"), 0);
  EXPECT_NE(outcome.command.err.find("edgeval: note: 1 audio file is shorter than the duration in "
                                     "the manifest and taken whole, the first at "),
            std::string::npos)
      << outcome.command.err;
  EXPECT_NE(outcome.command.err.find("noid.jsonl:1: 0.956438 s where the manifest says 1.3 s"),
            std::string::npos)
      << outcome.command.err;
}

TEST(InputCases, WhatStandsBehindAZeroByteIsRefused) {
  const TemporaryFolder folder;
  EXPECT_TRUE(is_refusal(run_data(a_case("manifest/nul.jsonl"), folder.path()),
                         "nul.jsonl:1: not valid JSON at byte 68, which is a zero byte"));
  EXPECT_TRUE(is_refusal(
      run_data(spoken_data(), folder.path(), a_case("safetensors/nul_garbage.safetensors")),
      "nul_garbage.safetensors: header: not valid JSON at byte 2111, which is a zero byte"));
  const std::string profile = read_file(source_folder() / "datasets/spoken/profile.json");
  folder.file("p.json", profile + '\0' + "{}");
  EXPECT_TRUE(is_refusal(
      edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), "--profile", "p.json"},
              folder.path()),
      concat("p.json: not valid JSON at byte ", profile.size() + 1)));
}

TEST(InputCases, ADeepManifestIsOneLineOfRefusal) {
  const DataFolder folder;
  folder.file("deep.jsonl", "{\"audio_filepath\": " + std::string(100000, '['));
  EXPECT_TRUE(is_refusal(run_data("deep.jsonl", folder.path()),
                         "deep.jsonl:1: the JSON nests deeper than 16 levels"));
}

// The reader of YAML finds one empty document after the other at a comma, without an end.
TEST(InputCases, ACommaThatSeparatesNothingIsNoYaml) {
  const DataFolder folder;
  const std::string comma = a_case("faults/yaml_comma_OOM.yaml");
  const std::string behind = folder.file("c.yaml", "plan: {type: every_step},\n").string();
  const std::string map = folder.file("m.yaml", "{plan: {type: every_step}},").string();
  const std::string list = folder.file("l.yaml", "[a],\n").string();
  for (const std::string& file : {comma, behind, map, list})
    for (const char* option : {"--policy", "--hardware"})
      EXPECT_TRUE(is_refusal(
          edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), option, file},
                  folder.path()),
          file + ":1: not YAML: "))
          << option;
}

// The file is sparse, and nothing of its 20 GB is read.
TEST(InputCases, AHugePolicyIsRefusedUnread) {
  const DataFolder folder;
  const std::string file = folder.file("huge.yaml", "plan: {type: every_step}\n").string();
  std::filesystem::resize_file(file, 20'000'000'000);
  for (const char* option : {"--policy", "--hardware"})
    EXPECT_TRUE(is_refusal(
        edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), option, file},
                folder.path()),
        "huge.yaml: has 20000000000 bytes, at most 131072 are read"))
        << option;
}

// The name is ESC ]0;PWNED BEL ESC [31mred LF second line.
TEST(InputCases, ANameDoesNotSteerTheTerminal) {
  const TemporaryFolder folder;
  const std::string model = a_case("faults/esc_name.safetensors"),
                    shown = "\\x1b]0;PWNED\\x07\\x1b[31mred\\nsecond line";
  const CommandResult run =
      edgeval({"run", "--model", model, "--data", spoken_data(), "--limit", "1"}, folder.path());
  ASSERT_EQ(run.code, 0) << run.err;
  const CommandResult count = edgeval({"count", model});
  for (const CommandResult& result : {run, count}) {
    EXPECT_TRUE(result.out.starts_with(shown)) << result.out;
    for (const std::string& text : {result.out, result.err})
      EXPECT_TRUE(std::ranges::none_of(text, [](unsigned char c) {
        return (c < 32 && c != '\n') || c == 127;
      })) << text;
  }
}

TEST(InputCases, AnIdDoesNotBreakTheAlignments) {
  const DataFolder folder;
  const std::string file =
      folder
          .file("u.jsonl", R"({"audio_filepath": "a\n\u001b.wav", "text": "a", "pred_text": "b"})")
          .string();
  const CommandResult result = score(file, file, {"--alignments"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("a\\n\\x1b"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
}

// Every word of the target's vocabulary holds a line feed.
TEST(InputCases, AHypothesisIsOneLine) {
  const DataFolder folder;
  folder.file("text", "a b\nb\nab a\n");
  const CommandResult result = edgeval({"run", "--model", a_case("faults/nl_tok.safetensors"),
                                        "--data", "text", "--max-length", "5", "--min-length", "3"},
                                       folder.path());
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string lines = read_file(folder / "out/hypotheses.txt");
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3) << lines;
  EXPECT_EQ(lines.find("\ny"), std::string::npos) << lines;
  EXPECT_NE(lines.find("x y"), std::string::npos) << lines;
}

// The largest weight is 3e38; codes of 16 bits go to 32639, of 8 bits to 127, and 2^60 is the
// coarsest step.
TEST(InputCases, WeightsTooLargeForIntegersAreRefused) {
  const TemporaryFolder folder;
  const std::string model = a_case("faults/safetensors_san_21_457.safetensors");
  for (const auto& [type, most] : {std::pair{"int16", "3.76302e+22"}, {"int8", "1.46421e+20"}})
    EXPECT_TRUE(is_refusal(
        edgeval({"run", "--model", model, "--data", spoken_data(), "--limit", "1", "--set",
                 concat("arithmetic.type=", type), "--set", "arithmetic.input_bits=5"},
                folder.path()),
        concat(model, ": layer out, ", type, ": a weight of 3e+38 is too large; ", most,
               " is the most that its sums bear; run in fp32")));
}

TEST(InputCases, ASetWithoutAWholeFrameIsRefusedByItsName) {
  const TemporaryFolder folder;
  const std::string data = a_case("manifest/onlytiny.jsonl"),
                    why = "onlytiny.jsonl: no utterance is as long as one frame (25 ms)";
  EXPECT_TRUE(is_refusal(run_data(data, folder.path()), why));
  EXPECT_TRUE(is_refusal(
      edgeval({"profile", "--model", spoken_model(), "--data", data}, folder.path()), why));
  EXPECT_TRUE(is_refusal(edgeval({"similarity", "--model", spoken_model(), "--data", data,
                                  "--profile", spoken_data() + "/profile.json"},
                                 folder.path()),
                         why));
}

// One frame has no step before it, so there is no similarity to tell.
TEST(InputCases, SimilarityOfUtterancesOfOneFrameIsNotAvailable) {
  const DataFolder folder;
  folder.audio("one.wav", {.samples = 400});
  folder.file("set.jsonl", R"({"audio_filepath": "one.wav", "text": "A"})");
  const CommandResult result =
      edgeval({"similarity", "--model", spoken_model(), "--data", "set.jsonl", "--profile",
               spoken_data() + "/profile.json", "--out", "facts.json"},
              folder.path());
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("n/a"), std::string::npos);
  EXPECT_EQ(result.out.find("nan"), std::string::npos);
  EXPECT_EQ(result.out.find("0.0 %"), std::string::npos);
  const Json layer = Json::parse(read_file(folder / "facts.json")).at("layers").at(0);
  EXPECT_EQ(layer.at("steps"), 0);
  for (const char* key : {"cut", "redundant_similar", "captured", "separation"})
    EXPECT_TRUE(layer.at(key).is_null()) << key;
  EXPECT_TRUE(layer.at("errors").at(3).at("all").is_null());
}

TEST(InputCases, AnUtteranceShorterThanAFrameIsEmptyAndCounts) {
  const DataFolder folder;
  folder.file("set.jsonl", R"({"audio_filepath": ")" + a_case("manifest/a.flac") +
                               R"(", "text": "THREE EIGHT TWO"})" + "\n" +
                               R"({"audio_filepath": ")" + a_case("manifest/tiny.wav") +
                               R"(", "text": "ONE"})");
  const Outcome outcome = outcome_of((folder / "set.jsonl").string());
  EXPECT_EQ(outcome.utterances.at(1).at("hypothesis"), "");
  EXPECT_EQ(outcome.report.at("quality").at("wer").at("deletions"), 1);
  EXPECT_EQ(outcome.report.at("quality").at("wer").at("words"), 4);
  EXPECT_NE(outcome.command.out.find("1 utterance shorter than a frame"), std::string::npos);
}

TEST(InputCases, AWavFileWhoseDataChunkIsTooShortIsRefused) {
  const DataFolder folder;
  folder.file("set.jsonl",
              R"({"audio_filepath": ")" + a_case("audio/short_hdr.wav") + R"(", "text": "A"})");
  EXPECT_TRUE(is_refusal(run_data("set.jsonl", folder.path()),
                         "short_hdr.wav: its data chunk says 16000 bytes, but the 69664 bytes "
                         "behind it are no chunks"));
  // The same bytes as a stream: 85,664 bytes are 42,832 samples.
  std::string bytes = read_file(a_case("audio/short_hdr.wav"));
  for (const std::size_t field : {4u, 40u}) bytes.replace(field, 4, 4, '\0');
  folder.file("stream.wav", bytes);
  folder.file("stream.jsonl", R"({"audio_filepath": "stream.wav", "text": "A"})");
  EXPECT_EQ(outcome_of((folder / "stream.jsonl").string()).report.at("data").at("frames"),
            1 + (42832 - 400) / 160);
}

// A damaged MP3 file, of which its reader would print by itself and leave words out.
TEST(InputCases, Mp3IsReadOnlyIfAskedForAndWithANote) {
  const DataFolder folder;
  const auto path = folder.audio(
      "a.wav", {.samples = 20000, .format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III});
  folder.file("set.jsonl", R"({"audio_filepath": "a.wav", "text": "A"})");
  const std::string whole = read_file(path), profile = spoken_data() + "/profile.json";
  const std::vector<Arguments> commands{
      {"run", "--model", spoken_model(), "--data", "set.jsonl", "--hardware", "reuse32"},
      {"profile", "--model", spoken_model(), "--data", "set.jsonl"},
      {"similarity", "--model", spoken_model(), "--data", "set.jsonl", "--profile", profile}};
  for (Arguments arguments : commands) {
    folder.file("a.wav", std::string(whole).replace(whole.size() / 2, 60, 60, 'Z'));
    EXPECT_TRUE(is_refusal(edgeval(arguments, folder.path()),
                           "a.wav: is MPEG audio, such as MP3, in which damage may pass unnoticed"))
        << arguments[0];
    folder.file("a.wav", whole);
    arguments.push_back("--any-audio");
    const CommandResult result = edgeval(arguments, folder.path());
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_NE(result.err.find("edgeval: warning: 1 utterance is of audio in which damage may pass "
                              "unnoticed, the first with id a\n"),
              std::string::npos)
        << result.err;
  }
  // The warning stands in the report. The run has the same id wherever the set lies.
  const auto id_with = [&](const std::string& data) {
    const std::string out = (folder / "out").string();
    EXPECT_EQ(
        edgeval({"run", "--model", spoken_model(), "--data", data, "--any-audio", "--out", out},
                folder.path())
            .code,
        0);
    return nlohmann::json::parse(read_file(folder / "out/report.json")).at("run");
  };
  EXPECT_EQ(id_with("set.jsonl"), id_with((folder / "set.jsonl").string()));
}

TEST(InputCases, DataOfAnotherKindIsRefusedByIt) {
  const TemporaryFolder folder;
  const std::string flac = a_case("manifest/a.flac"), wav = a_case("audio/short_hdr.wav"),
                    manifest = a_case("manifest/noid.jsonl"),
                    text = (source_folder() / "datasets/captions/captions.en").string();
  const auto speech = [&](const std::string& data) { return run_data(data, folder.path()); };
  const auto translation = [&](const std::string& data) {
    return run_data(data, folder.path(), captions_model());
  };
  const std::string wanted = "is an audio file; a manifest or a folder is wanted";
  EXPECT_TRUE(is_refusal(speech(flac), "a.flac: " + wanted));
  EXPECT_TRUE(is_refusal(speech(wav), "short_hdr.wav: " + wanted));
  EXPECT_TRUE(is_refusal(speech(spoken_model()), "is a model file (safetensors); a manifest or"));
  EXPECT_TRUE(is_refusal(speech(text), "captions.en:1: is no JSON object; a manifest has one"));
  EXPECT_TRUE(
      is_refusal(translation(manifest), "noid.jsonl: is a speech manifest; a file of text"));
  EXPECT_TRUE(is_refusal(translation(wav), "short_hdr.wav: is an audio file; a file of text"));
  EXPECT_TRUE(is_refusal(translation(captions_model()), "is a model file (safetensors); a file"));
  EXPECT_TRUE(is_refusal(edgeval({"run", "--model", captions_model(), "--data", text, "--reference",
                                  manifest, "--out", folder.path().string()}),
                         "noid.jsonl: is a speech manifest"));
  EXPECT_TRUE(is_refusal(score(wav, wav), "short_hdr.wav: is an audio file; transcripts"));
}

// U+00A0 and U+3000 do not separate words: "the cat" with one of them is a single word.
TEST(InputCases, SpacesThatPartNoWordsDrawANote) {
  const DataFolder folder;
  const std::string reference =
      folder.file("ref", "the cat sat\nthe\xC2\xA0 dog\nthe\xE3\x80\x80pig\n").string();
  const std::string hypothesis = folder.file("hyp", "the cat sat\nthe dog\nthe pig\n").string();
  const CommandResult result = score(reference, hypothesis);
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err,
            "edgeval: note: " + reference +
                ": 2 lines hold spaces that do not separate words here (U+00A0, U+3000); put "
                "ordinary ones in their place\n");
  EXPECT_EQ(score(reference, hypothesis, {"--quiet"}).err, "");
  EXPECT_EQ(score(hypothesis, hypothesis).err, "");
  folder.audio("a.wav", {.samples = 1600});
  const std::string data =
      folder.file("set.jsonl", "{\"audio_filepath\": \"a.wav\", \"text\": \"THE\\u00a0CAT\"}")
          .string();
  EXPECT_NE(
      outcome_of(data).command.err.find("edgeval: note: " + data +
                                        ": 1 transcript holds spaces that do not separate words"),
      std::string::npos);
}

}  // namespace
}  // namespace edgeval::test
