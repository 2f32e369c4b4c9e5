// Reads test sets in every layout: small sets that are made here, and real sets where they exist.
#include "datasets/layouts/test_set.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::hash_of;
using test::ids;
using test::refusal;
using Strings = std::vector<std::string>;

std::size_t words(const TestSet& set) {
  std::size_t count = 0;
  for (const Utterance& utterance : set.utterances) {
    std::istringstream text(utterance.text);
    for (std::string word; text >> word;) ++count;
  }
  return count;
}

std::set<std::string> speakers(const TestSet& set) {
  std::set<std::string> all;
  for (const Utterance& utterance : set.utterances) all.insert(utterance.speaker);
  return all;
}

// Makes a manifest of four utterances b, a, c, d, in this order.
void make_manifest(const DataFolder& folder, const std::string& name) {
  for (const char* id : {"a", "b", "c", "d"}) folder.audio(std::string("audio/") + id + ".wav");
  folder.file(name, R"({"id": "b", "audio_filepath": "audio/b.wav", "text": "TWO", "speaker": "s"}

{"id": "a", "audio_filepath": "audio/a.wav", "text": "ONE \u00e9", "duration": 0.05, "offset": 0}
{"text": "", "audio_filepath": ")" +
                        (folder / "audio/c.wav").string() + R"(", "id": "c"}
{"id": "d", "audio_filepath": "audio/d.wav", "text": "FOUR"})");
}

TEST(TestSet, AManifestKeepsTheOrderOfItsLines) {
  const DataFolder folder;
  make_manifest(folder, "list.jsonl");
  const TestSet set = open_test_set(folder / "list.jsonl", {});
  EXPECT_EQ(set.layout, "manifest");
  EXPECT_EQ(set.split, "");
  EXPECT_EQ(ids(set), (Strings{"b", "a", "c", "d"}));
  EXPECT_EQ(set.utterances[0].audio, folder / "audio/b.wav");
  EXPECT_EQ(set.utterances[0].speaker, "s");
  EXPECT_EQ(set.utterances[1].text, "ONE \xC3\xA9");
  EXPECT_EQ(set.utterances[1].speaker, "");
  EXPECT_EQ(set.utterances[2].text, "");
  EXPECT_EQ(set.utterances[2].audio, folder / "audio/c.wav");
}

TEST(TestSet, LinesMayEndInCrLfAndTheFileMayStartWithAByteOrderMark) {
  const DataFolder folder;
  folder.audio("a.wav");
  folder.file(
      "list.jsonl",
      "\xEF\xBB\xBF{\"id\": \"a\", \"audio_filepath\": \"a.wav\", \"text\": \"A\"}\r\n\r\n");
  EXPECT_EQ(ids(open_test_set(folder / "list.jsonl", {})), (Strings{"a"}));
}

TEST(TestSet, AFolderWithOneManifestNeedsNoSplit) {
  const DataFolder folder;
  make_manifest(folder, "test.jsonl");
  EXPECT_EQ(open_test_set(folder.path(), {}).split, "test");
  EXPECT_EQ(open_test_set(folder.path(), {.split = "test"}).utterances.size(), 4u);
}

TEST(TestSet, AFolderWithSeveralManifestsListsThem) {
  const DataFolder folder;
  make_manifest(folder, "test.jsonl");
  make_manifest(folder, "dev.jsonl");
  EXPECT_EQ(refusal([&] { open_test_set(folder.path(), {}); }),
            folder.path().string() + ": holds the parts dev, test; choose one with --split");
  EXPECT_EQ(open_test_set(folder.path(), {.split = "dev"}).split, "dev");
  EXPECT_EQ(refusal([&] { open_test_set(folder.path(), {.split = "tset"}); }),
            folder.path().string() + ": has no part tset; did you mean test?");
}

TEST(TestSet, LimitAndIdsNarrowTheSetInItsOrder) {
  const DataFolder folder;
  make_manifest(folder, "test.jsonl");
  const auto narrowed = [&](Index limit, const Strings& only) {
    return ids(open_test_set(folder.path(), {.split = "test", .limit = limit, .ids = only}));
  };
  EXPECT_EQ(narrowed(2, {}), (Strings{"b", "a"}));
  EXPECT_EQ(narrowed(4, {}).size(), 4u);
  EXPECT_EQ(narrowed(99, {}).size(), 4u);
  EXPECT_EQ(narrowed(0, {"d", "a"}), (Strings{"a", "d"}));
  EXPECT_EQ(narrowed(1, {"d", "a"}), (Strings{"a"}));
}

// Makes 26 training utterances of the speakers s00 ... s12, two for each, and one test utterance.
void make_an4(const DataFolder& folder) {
  std::string list, texts;
  for (int n = 0; n < 26; ++n) {
    const std::string speaker = concat("s", n / 2 / 10, n / 2 % 10), id = concat("an", n, "-b");
    folder.audio("wav/an4_clstk/" + speaker + "/" + id + ".wav");
    list += "an4_clstk/" + speaker + "/" + id + "\n";
    texts += concat("<s> NUMBER  ", n, " </s> (", id, ")\n");
  }
  folder.file("etc/an4_train.fileids", list);
  folder.file("etc/an4_train.transcription", texts);
  folder.audio("wav/an4test_clstk/x/t-b.wav");
  folder.file("etc/an4_test.fileids", "an4test_clstk/x/t-b\n");
  folder.file("etc/an4_test.transcription", "GO (t-b)\n");
}

TEST(TestSet, An4DropsMarkersAndSetsEvery12thSpeakerAside) {
  const DataFolder folder;
  make_an4(folder);
  const TestSet dev = open_test_set(folder.path(), {.split = "dev"});
  EXPECT_EQ(dev.layout, "an4");
  EXPECT_EQ(ids(dev), (Strings{"an0-b", "an1-b", "an24-b", "an25-b"}));
  EXPECT_EQ(dev.utterances[2].text, "NUMBER 24");
  EXPECT_EQ(dev.utterances[2].speaker, "s12");
  EXPECT_EQ(open_test_set(folder.path(), {.split = "train"}).utterances.size(), 22u);
  const TestSet test = open_test_set(folder.path(), {.split = "test"});
  EXPECT_EQ(test.utterances[0].text, "GO");
  EXPECT_EQ(test.utterances[0].audio, folder / "wav/an4test_clstk/x/t-b.wav");
  EXPECT_EQ(refusal([&] { open_test_set(folder.path(), {}); }),
            folder.path().string() + ": holds the parts dev, test, train; choose one with --split");
}

void make_librispeech(const DataFolder& folder, const std::string& split) {
  for (const char* name : {"84/121/84-121-0001", "84/121/84-121-0000", "1272/128/1272-128-0000"})
    folder.audio(split + name + ".flac", {.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16});
  folder.file(split + "84/121/84-121.trans.txt", "84-121-0001 IT'S LAST\n84-121-0000 SECOND\n");
  folder.file(split + "1272/128/1272-128.trans.txt", "1272-128-0000 FIRST\n");
}

TEST(TestSet, LibrispeechIsSortedById) {
  const DataFolder folder;
  make_librispeech(folder, "test-clean/");
  folder.file("README.TXT", "a corpus");
  for (const Selection& selection : {Selection{}, Selection{.split = "test-clean"}}) {
    const TestSet set = open_test_set(folder.path(), selection);
    EXPECT_EQ(set.layout, "librispeech");
    EXPECT_EQ(set.split, "test-clean");
    EXPECT_EQ(ids(set), (Strings{"1272-128-0000", "84-121-0000", "84-121-0001"}));
    EXPECT_EQ(set.utterances[2].text, "IT'S LAST");
    EXPECT_EQ(set.utterances[2].speaker, "84");
    EXPECT_EQ(set.utterances[2].audio, folder / "test-clean/84/121/84-121-0001.flac");
  }
  EXPECT_EQ(open_test_set(folder / "test-clean", {}).utterances.size(), 3u);
  make_librispeech(folder, "dev-other/");
  EXPECT_NE(refusal([&] { open_test_set(folder.path(), {}); }).find("dev-other, test-clean"),
            std::string::npos);
}

TEST(TestSet, AKaldiDirectoryKeepsTheOrderOfWavScp) {
  const DataFolder folder;
  const auto elsewhere = folder.audio("elsewhere/b.wav");
  folder.audio("data/a.wav");
  folder.file("data/wav.scp", "b " + elsewhere.string() + "\na a.wav\n");
  folder.file("data/text", "a\tONE  TWO\nb\n");
  const TestSet set = open_test_set(folder / "data", {});
  EXPECT_EQ(set.layout, "kaldi");
  EXPECT_EQ(ids(set), (Strings{"b", "a"}));
  EXPECT_EQ(set.utterances[0].text, "");
  EXPECT_EQ(set.utterances[0].audio, elsewhere);
  EXPECT_EQ(set.utterances[1].text, "ONE  TWO");
  EXPECT_EQ(set.utterances[1].speaker, "");
  folder.file("data/utt2spk", "b tom\na ann\n");
  EXPECT_EQ(open_test_set(folder / "data", {}).utterances[1].speaker, "ann");
}

TEST(TestSet, ItsHashIsThatOfTheDataWhereverItLies) {
  const DataFolder one, other;
  make_manifest(one, "test.jsonl");
  make_manifest(other, "set.jsonl");
  const std::string hash = hash_of(open_test_set(one.path(), {}));
  EXPECT_EQ(hash.size(), 64u);
  TestSet set = open_test_set(other / "set.jsonl", {});
  EXPECT_EQ(hash_of(set), hash);
  set.utterances[0].text = "THREE";
  EXPECT_NE(hash_of(set), hash);
  other.audio("audio/d.wav", {.samples = 799});
  EXPECT_NE(hash_of(open_test_set(other / "set.jsonl", {})), hash);
}

TEST(TestSet, TheSpokenSetShips) {
  const TestSet set = open_test_set(test::source_folder() / "datasets/spoken", {});
  EXPECT_EQ(set.split, "test");
  EXPECT_EQ(set.utterances.size(), 120u);
  EXPECT_EQ(words(set), 622u);
  EXPECT_EQ(speakers(set).size(), 6u);
}

TEST(TestSet, An4HasTheKnownSizes) {
  EDGEVAL_NEEDS_SHARED("data/an4");
  const auto folder = test::shared_folder() / "data/an4";
  const TestSet test = open_test_set(folder, {.split = "test"});
  EXPECT_EQ(test.utterances.size(), 130u);
  EXPECT_EQ(words(test), 773u);
  EXPECT_EQ(speakers(test).size(), 10u);
  EXPECT_EQ(test.utterances[0].text, "RUBOUT G M E F THREE NINE");
  const TestSet train = open_test_set(folder, {.split = "train"});
  const TestSet dev = open_test_set(folder, {.split = "dev"});
  EXPECT_EQ(train.utterances.size(), 863u);
  EXPECT_EQ(dev.utterances.size(), 85u);
  EXPECT_EQ(words(train) + words(dev), 5442u);
  EXPECT_EQ(speakers(dev).size(), 7u);
  EXPECT_EQ(speakers(train).size(), 67u);
}

TEST(TestSet, SpokenTrainingDataHasTheKnownSize) {
  EDGEVAL_NEEDS_SHARED("data/spoken");
  const auto folder = test::shared_folder() / "data/spoken";
  EXPECT_EQ(open_test_set(folder, {.split = "train"}).utterances.size(), 700u);
  EXPECT_EQ(hash_of(open_test_set(folder, {.split = "test"})),
            hash_of(open_test_set(test::source_folder() / "datasets/spoken", {})));
}

}  // namespace
}  // namespace edgeval::data
