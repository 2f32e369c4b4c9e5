// Every broken test set is refused in one line that starts with the file, and with the number of
// the line where there is one.
#include <gtest/gtest.h>

#include "datasets/layouts/test_set.hpp"
#include "tests/datasets/layouts/data_folder.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::refusal;

void expect_refused(const std::filesystem::path& data, const std::string& place,
                    const std::string& what, const Selection& selection = {}) {
  const std::string message = refusal([&] { open_test_set(data, selection); });
  EXPECT_TRUE(message.starts_with(place + ": ")) << message << "\nis to start with " << place;
  EXPECT_NE(message.find(what), std::string::npos) << message << "\nis to say " << what;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(TestSetRefusal, BrokenManifests) {
  const struct {
    const char* contents;
    int line;
    const char* what;
  } cases[] = {
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A")", 1, "not valid JSON at byte"},
      {R"(hello)", 1, "is no JSON object"},
      {R"(["a", "a.wav", "A"])", 1, "one JSON object on each line"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A"} {})", 1, "not valid JSON"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "\ud800"})", 1, "not valid JSON"},
      {"{\"id\": \"a\", \"audio_filepath\": \"a.wav\",\n\"text\": \"A\"}", 1, "not valid JSON"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A", "text": "A"})", 1,
       "duplicate key \"text\""},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": 3})", 1, "text is number"},
      {R"({"id": "a", "text": "A"})", 1, "\"audio_filepath\" is missing"},
      {R"({"id": "a", "audio_filepath": "a.wav"})", 1, "\"text\" is missing"},
      {R"({"id": 7, "audio_filepath": "a.wav", "text": "A"})", 1, "id is number, must be a text"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": null})", 1, "\"text\" is null"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "", "speaker": 3.5})", 1,
       "speaker is number, must be a text"},
      {R"({"id": "", "audio_filepath": "a.wav", "text": "A"})", 1, "\"id\" is empty"},
      {R"({"id": "a", "audio_filepath": "", "text": "A"})", 1, "\"audio_filepath\" is empty"},
      {R"({"id": "a", "audio_filepath": "a.wav\u0000.flac", "text": "A"})", 1, "a zero byte"},
      {R"({"id": "a", "audio_filepath": "b.wav", "text": "A"})", 1, "b.wav: no such audio file"},
      {R"({"id": "a", "audio_filepath": ".", "text": "A"})", 1, "no such audio file"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A", "offset": "1.5"})", 1,
       "offset is string, must be a number"},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A", "offset": -1})", 1,
       "offset is -1, must lie in [0, "},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A", "duration": -1})", 1,
       "duration is -1, must lie in [0, "},
      {R"({"id": "a", "audio_filepath": "a.wav", "text": "A", "duration": 1e999})", 1, "too large"},
      {R"({"id": "a", "audio_filepath": ["a.wav", "b.wav"], "text": "A"})", 1,
       "audio_filepath is array, must be a text"},
      {"\n{\"id\": \"a\", \"audio_filepath\": \"a.wav\", \"text\": \"A\"}\n"
       "{\"id\": \"a\", \"audio_filepath\": \"a.wav\", \"text\": \"B\"}",
       3, "used before"},
      {"\n{\"id\": \"a\", \"audio_filepath\": \"a.wav\", \"text\": \"\xC3\x28\"}", 2, "UTF-8"},
      {"\xFF\xFE{\0", 1, "UTF-8"},
  };
  const std::string deep = R"({"id": "a", "audio_filepath": )" + std::string(100000, '[');
  const DataFolder folder;
  folder.audio("a.wav");
  for (const auto& each : cases) {
    const auto manifest = folder.file("list.jsonl", each.contents);
    expect_refused(manifest, concat(manifest.string(), ":", each.line), each.what);
    expect_refused(folder.path(), concat(manifest.string(), ":", each.line), each.what);
  }
  const auto manifest = folder.file("list.jsonl", deep);
  expect_refused(manifest, manifest.string() + ":1", "nests deeper than 16 levels");
}

TEST(TestSetRefusal, EmptySetsAndWrongSelections) {
  const DataFolder folder;
  folder.audio("a.wav");
  for (const char* contents : {"", "\n \n"}) {
    const auto manifest = folder.file("list.jsonl", contents);
    expect_refused(manifest, manifest.string(), "holds no utterances");
  }
  const auto manifest =
      folder.file("list.jsonl", R"({"id": "a", "audio_filepath": "a.wav", "text": "A"})");
  const std::string file = manifest.string(), parent = folder.path().string();
  expect_refused(manifest, file, "no parts; leave out --split test", {.split = "test"});
  expect_refused(folder.path(), parent, "no part test; did you mean list", {.split = "test"});
  expect_refused(folder.path(), parent, "no utterance has the id z", {.ids = {"a", "z"}});
  expect_refused(folder / "none", (folder / "none").string(), "no such file or folder");
  EXPECT_NE(refusal([&] { open_test_set(manifest, {.limit = -1}); }), "accepted");
  const DataFolder empty;
  expect_refused(empty.path(), empty.path().string(), "no test set is recognised");
  expect_refused(folder / "a.wav", (folder / "a.wav").string(), "is an audio file");
}

TEST(TestSetRefusal, BrokenAn4) {
  const DataFolder folder;
  folder.audio("wav/set/ann/u1.wav");
  folder.audio("wav/set/ann/u2.wav");
  const std::string list = (folder / "etc/an4_test.fileids").string();
  const std::string texts = (folder / "etc/an4_test.transcription").string();
  const auto expect = [&](const char* fileids, const char* transcription, const std::string& place,
                          const char* what) {
    folder.file("etc/an4_test.fileids", fileids);
    folder.file("etc/an4_test.transcription", transcription);
    expect_refused(folder.path(), place, what);
  };
  expect("set/ann/u1\n", "ONE (u1)\nTWO (u2)\n", texts + ":2", "is not in ");
  expect("set/ann/u1\nset/ann/u2\n", "ONE (u1)\n", list + ":2", "u2 has no transcript");
  expect("set/ann/u1\n", "ONE\n", texts + ":1", "id in parentheses");
  expect("set/ann/u1\n", "<s> </s> (u1)\n", texts + ":1", "no words");
  expect("set/ann/u1\n", "ONE (u1)\nTWO (u1)\n", texts + ":2", "had a transcript before");
  expect("set/ann/u1\nset/ann/u1\n", "ONE (u1)\n", list + ":2", "used before");
  expect("set/ann/u1\nset/ann/u3\n", "ONE (u1)\nTWO (u3)\n", list + ":2", "u3.wav: no such audio");
  expect("set/ann/\n", "ONE (u1)\n", list + ":1", "has no transcript");
  expect("\n", "\n", folder.path().string(), "holds no utterances");
  expect("set/ann/u1\n", "\xFF (u1)\n", texts + ":1", "UTF-8");
  expect_refused(folder.path(), folder.path().string(), "no part dev", {.split = "dev"});
  std::filesystem::remove(texts);
  expect_refused(folder.path(), texts, "no such file");
}

TEST(TestSetRefusal, BrokenLibrispeech) {
  const DataFolder folder;
  const auto first = folder.audio("8/1/8-1-0.flac", {.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16});
  const std::string texts = (folder / "8/1/8-1.trans.txt").string();
  const auto expect = [&](const char* contents, const std::string& place, const char* what) {
    folder.file("8/1/8-1.trans.txt", contents);
    expect_refused(folder.path(), place, what);
  };
  expect("8-1-0 A\n8-1-1 B\n", texts + ":2", "8-1-1.flac: no such audio file");
  expect("8-1-0\n", texts + ":1", "8-1-0 has no transcript");
  expect("8-1-0 A\n8-1-0 B\n", texts + ":2", "used before");
  expect("", first.string(), "has no transcript");
  expect("8-1-0 \xE2\x82\n", texts + ":1", "UTF-8");
}

TEST(TestSetRefusal, BrokenKaldi) {
  const DataFolder folder;
  folder.audio("a.wav");
  const std::string scp = (folder / "wav.scp").string(), texts = (folder / "text").string();
  const auto expect = [&](const char* wav_scp, const char* text, const std::string& place,
                          const char* what) {
    folder.file("wav.scp", wav_scp);
    folder.file("text", text);
    expect_refused(folder.path(), place, what);
  };
  expect("a sox a.mp3 -t wav - |\n", "a A\n", scp + ":1", "a command");
  expect("a audio.ark:17\n", "a A\n", scp + ":1", "archive");
  expect("a\n", "a A\n", scp + ":1", "path of the audio file is missing");
  expect("a b.wav\n", "a A\n", scp + ":1", "b.wav: no such audio file");
  expect("a a.wav\nb a.wav\n", "a A\n", scp + ":2", "b has no transcript");
  expect("a a.wav\n", "a A\nb B\n", texts + ":2", "is not in ");
  expect("a a.wav\n", "a A\na B\n", texts + ":2", "had a transcript before");
  expect("a a.wav\na a.wav\n", "a A\n", scp + ":2", "used before");
  folder.file("utt2spk", "b tom\n");
  expect("a a.wav\n", "a A\n", scp + ":1", "a has no speaker");
  const auto segments = folder.file("segments", "a a 0 1\n");
  expect("a a.wav\n", "a A\n", segments.string(), "segments are not supported");
  std::filesystem::remove(scp);
  folder.file("feats.scp", "a feats.ark:17\n");
  expect_refused(folder.path(), folder.path().string(), "has feats.scp but no wav.scp");
}

}  // namespace
}  // namespace edgeval::data
