// Reads manifests as NeMo writes them: with lines without ids, with parts of audio files, and from
// files and folders whose names end in .json.
#include <gtest/gtest.h>

#include <set>

#include "datasets/layouts/test_set.hpp"
#include "tests/datasets/layouts/data_folder.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::hash_of;
using test::ids;
using test::refusal;
using Strings = std::vector<std::string>;

// Returns a line of a manifest, with `more` keys.
std::string line(const std::string& more, const std::string& audio = "a.wav") {
  return R"({"audio_filepath": ")" + audio + R"(", "text": "A")" + (more.empty() ? "" : ", ") +
         more + "}\n";
}

TEST(Manifest, ALineWithoutAnIdIsCalledByItsAudioFile) {
  const DataFolder folder;
  for (const char* audio : {"a.wav", "b.wav", "deep/a.wav", "c.x.wav"}) folder.audio(audio);
  const auto of = [&](const std::string& lines) {
    return ids(open_test_set(folder.file("list.json", lines), {}));
  };
  EXPECT_EQ(of(line("", "b.wav") + line("", "a.wav") + line("", "c.x.wav")),
            (Strings{"b", "a", "c.x"}));
  // Where stems repeat, the number of the line tells them apart; blank lines count.
  EXPECT_EQ(of(line("", "a.wav") + "\n" + line("", "b.wav") + line("", "deep/a.wav")),
            (Strings{"a-L1", "b", "a-L4"}));
  // An id of one line is never given to another line whose file has it as its stem.
  EXPECT_EQ(of(line(R"("id": "a")", "b.wav") + line(R"("id": null)", "a.wav")),
            (Strings{"a", "a-L2"}));
}

TEST(Manifest, NullIsAsIfAbsent) {
  const DataFolder folder;
  folder.audio("a.wav");
  const TestSet set = open_test_set(
      folder.file("list.jsonl", line("\"id\": null, \"speaker\": null, \"offset\": null, "
                                     "\"duration\": null, \"shard_id\": null")),
      {});
  ASSERT_EQ(set.utterances.size(), 1u);
  EXPECT_EQ(set.utterances[0].id, "a");
  EXPECT_EQ(set.utterances[0].speaker, "");
  EXPECT_TRUE(set.utterances[0].part.is_whole());
}

TEST(Manifest, ASpeakerMayBeANumber) {
  const DataFolder folder;
  folder.audio("a.wav");
  EXPECT_EQ(
      open_test_set(folder.file("list.jsonl", line(R"("speaker": 92)")), {}).utterances[0].speaker,
      "92");
}

TEST(Manifest, PathsAreRelativeToItOrToTheWorkingFolderOrAbsolute) {
  const DataFolder folder;
  const auto deep = folder.audio("data/deep/a.wav");
  const auto audio = [&](const std::string& path) {
    return open_test_set(folder.file("data/list.jsonl", line("", path)), {}).utterances[0].audio;
  };
  EXPECT_EQ(audio("deep/a.wav"), deep);
  EXPECT_EQ(audio(deep.string()), deep);
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_EQ(audio("data/deep/a.wav"), "data/deep/a.wav");
  std::filesystem::current_path(here);
}

TEST(Manifest, AFolderOfJsonManifestsHasThemAsParts) {
  const DataFolder folder;
  folder.audio("a.wav");
  folder.file("train_manifest.json", line("") + line(R"("id": "two")"));
  EXPECT_EQ(open_test_set(folder.path(), {}).split, "train_manifest");
  folder.file("test_manifest.json", line(""));
  // Files that other tools leave in the folder are no parts of the manifest.
  folder.file("profile.json", "{\n \"schema\": 1,\n \"audio_filepath\": 2}\n");
  folder.file("vocab.json", R"({"a": 0, "b": 1})");
  folder.file("list.json", "[" + line("") + "]");
  folder.file("empty.json", "");
  folder.file("deep.json", std::string(100000, '['));
  EXPECT_EQ(refusal([&] { open_test_set(folder.path(), {}); }),
            folder.path().string() +
                ": holds the parts test_manifest, train_manifest; choose one with --split");
  EXPECT_EQ(open_test_set(folder.path(), {.split = "train_manifest"}).utterances.size(), 2u);
  folder.file("test_manifest.jsonl", line(""));
  EXPECT_NE(refusal([&] {
              open_test_set(folder.path(), {.split = "test_manifest"});
            }).find("test_manifest.json and test_manifest.jsonl are both manifests"),
            std::string::npos);
}

TEST(Manifest, AFolderOfJsonFilesAloneIsNoTestSet) {
  const DataFolder folder;
  folder.file("profile.json", "{\"schema\": 1}\n");
  EXPECT_NE(refusal([&] { open_test_set(folder.path(), {}); }).find("no test set is recognised"),
            std::string::npos);
}

TEST(Manifest, TheHashCoversPartsAndIsUnchangedWithoutThem) {
  const DataFolder folder;
  folder.audio("a.wav");
  const auto hash = [&](const std::string& more) {
    return hash_of(open_test_set(folder.file("list.jsonl", line(more)), {}));
  };
  const std::string whole = hash("");
  // The hash is the SHA-256 of [["a","A","<SHA-256 of the file>"]].
  EXPECT_EQ(whole, sha256("[[\"a\",\"A\",\"" + sha256(read_file(folder / "a.wav")) + "\"]]"));
  EXPECT_EQ(hash(R"("offset": null)"), whole);
  const Strings parts{hash(R"("offset": 0.01)"), hash(R"("duration": 0.01)"),
                      hash(R"("offset": 0.01, "duration": 0.01)"), whole};
  EXPECT_EQ(std::set<std::string>(parts.begin(), parts.end()).size(), 4u);
}

TEST(Manifest, WhatIsNoManifestIsRefusedByItsKind) {
  const DataFolder folder;
  const auto refused = [&](const std::filesystem::path& path) {
    const std::string message = refusal([&] { open_test_set(path, {}); });
    EXPECT_TRUE(message.starts_with(path.string())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(path.string().size());
  };
  const auto flac = folder.audio("a.flac", {.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16}),
             ogg = folder.audio("a.ogg", {.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS}),
             aiff = folder.audio("a.aiff", {.format = SF_FORMAT_AIFF | SF_FORMAT_PCM_16});
  for (const auto& audio : {folder.audio("a.wav"), flac, ogg, aiff})
    EXPECT_EQ(refused(audio), ": is an audio file; a manifest or a folder is wanted");
  using namespace std::string_view_literals;
  EXPECT_EQ(refused(folder.file("m", "\x08\0\0\0\0\0\0\0{\"a\":1} "sv)),
            ": is a model file (safetensors); a manifest or a folder is wanted");
  EXPECT_EQ(refused(folder.file("m.pt", "PK\x03\x04rest")),
            ": is a zip archive, such as a PyTorch checkpoint; a manifest or a folder is wanted");
  EXPECT_EQ(refused(folder.file("m.gz", "\x1F\x8Brest")),
            ": is packed with gzip; a manifest or a folder is wanted");
  EXPECT_NE(refused(folder.file("text", "the cat sat\n")).find(":1: is no JSON object"),
            std::string::npos);
  EXPECT_NE(refused(folder.file("list", "[{\"a\": 1}]")).find(":1: a manifest has one JSON object"),
            std::string::npos);
  EXPECT_NE(refused(folder.file("pretty", "{\n\"a\": 1}")).find("jq -c ."), std::string::npos);
}

TEST(Manifest, AudioInATarArchiveIsRefusedUnlessItWasUnpacked) {
  const DataFolder folder;
  const auto list = folder.file("tarred_audio_manifest.json", line(R"("shard_id": 3)"));
  EXPECT_EQ(refusal([&] { open_test_set(list, {}); }),
            list.string() +
                ":1: \"a.wav\" lies in a tar archive, as \"shard_id\" says; unpack the archives "
                "into the manifest's folder");
  folder.audio("a.wav");
  EXPECT_EQ(open_test_set(list, {}).utterances.size(), 1u);
}

}  // namespace
}  // namespace edgeval::data
