// The hash of a test set is that of the bytes from which its samples were read, whatever happens to
// the files before, during and after reading.
#include "datasets/layouts/audio_reader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>

#include "tests/datasets/layouts/data_folder.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::hash_of;
using test::refusal;

namespace fs = std::filesystem;

// Returns a file of 16-bit samples that all consist of bytes `value`. Files of different values
// have the same length.
std::string constant_wav(const DataFolder& folder, int samples, char value) {
  std::string bytes = read_file(folder.audio("constant.wav", {.samples = samples}));
  for (std::size_t i = bytes.size() - 2 * static_cast<std::size_t>(samples); i < bytes.size();
       i += 2)
    bytes[i] = value, bytes[i + 1] = 0;
  return bytes;
}

TestSet set_of(const fs::path& audio, const std::vector<AudioPart>& parts) {
  TestSet set;
  for (const AudioPart& part : parts)
    set.utterances.push_back({"u" + std::to_string(set.utterances.size()), audio, "A", "", part});
  return set;
}

void expect_all(const std::vector<float>& samples, Index count, float value) {
  EXPECT_EQ(std::ssize(samples), count);
  EXPECT_TRUE(std::ranges::all_of(samples, [&](float sample) { return sample == value; }));
}

TEST(AudioReader, AFileThatIsExchangedChangesTheHashTogetherWithTheSamples) {
  const DataFolder folder;
  const fs::path path = folder.file("a.wav", constant_wav(folder, 800, 1));
  const TestSet set = set_of(path, {{}});
  ASSERT_EQ(audio_extent(path, 16000).samples, 800);
  AudioReader reader(set, 16000);
  folder.file("a.wav", constant_wav(folder, 800, 2));
  const std::string second = hash_of(set);
  expect_all(reader.samples(0), 800, 2);
  folder.file("a.wav", constant_wav(folder, 800, 3));
  EXPECT_NE(hash_of(set), second);
  EXPECT_EQ(reader.sha256(), second);
  fs::remove(path);
  EXPECT_EQ(reader.sha256(), second);
}

TEST(AudioReader, AFileIsReadAgainOnlyIfItIsTheSame) {
  const DataFolder folder;
  const fs::path path = folder.file("a.wav", constant_wav(folder, 800, 1));
  const TestSet set = set_of(path, {{}});
  AudioReader reader(set, 16000);
  expect_all(reader.samples(0), 800, 1);
  expect_all(reader.samples(0), 800, 1);
  folder.file("a.wav", constant_wav(folder, 800, 2));
  EXPECT_EQ(refusal([&] { reader.samples(0); }),
            path.string() + ": changed while it was being read");
}

TEST(AudioReader, PartsOfAFileComeFromTheBytesOfOneHash) {
  const DataFolder folder;
  // Ten seconds are 320,044 bytes, that is five blocks of 64 KiB.
  for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_WAV | SF_FORMAT_FLOAT}) {
    const fs::path path = folder.audio("a", {.samples = 160000, .format = format});
    const TestSet set = set_of(
        path, {{.offset = 9}, {.offset = 0.5, .duration = 4}, {}, {.offset = 4, .duration = 0.1}});
    AudioReader reader(set, 16000);
    for (const Index n : {3, 0, 2, 1, 0})
      EXPECT_EQ(reader.samples(n), read_audio(path, 16000, set.utterances[n].part)) << n;
    EXPECT_EQ(reader.sha256(), hash_of(set));
  }
}

TEST(AudioReader, AFileThatChangesBetweenTwoPartsIsRefusedWhateverItsTimesSay) {
  const DataFolder folder;
  const fs::path path = folder.file("a.wav", constant_wav(folder, 160000, 1));
  const TestSet set = set_of(path, {{.offset = 0, .duration = 1}, {.offset = 9}});
  const std::string why = path.string() + ": changed while it was being read";
  const auto changed_by = [&](const std::function<void()>& change) {
    folder.file("a.wav", constant_wav(folder, 160000, 1));
    AudioReader reader(set, 16000);
    reader.samples(0);
    const auto time = fs::last_write_time(path);
    change();
    fs::last_write_time(path, time);
    return refusal([&] { reader.samples(1); });
  };
  EXPECT_EQ(changed_by([] {}), "accepted");
  EXPECT_EQ(changed_by([&] { folder.file("a.wav", constant_wav(folder, 160000, 2)); }), why);
  EXPECT_EQ(changed_by([&] { fs::resize_file(path, 300000); }), why);
  EXPECT_EQ(changed_by([&] {
              std::string bytes = read_file(path);
              bytes.back() = 1;
              write_file(path, bytes);
            }),
            why);
}

// libsndfile would read parts of such a file all the same.
TEST(AudioReader, ADamagedOggIsRefusedForEveryPart) {
  const DataFolder folder;
  const fs::path path =
      folder.audio("a.ogg", {.samples = 160000, .format = SF_FORMAT_OGG | SF_FORMAT_VORBIS});
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  folder.file("a.ogg", bytes);
  const TestSet set = set_of(path, {{.offset = 0, .duration = 1}, {.offset = 1, .duration = 1}});
  AudioReader reader(set, 16000);
  for (const Index n : {0, 1})
    EXPECT_NE(refusal([&] { reader.samples(n); }).find("cut off or damaged: no whole page"),
              std::string::npos)
        << n;
}

// Features that were kept for the hash need no samples.
TEST(AudioReader, AFileIsHashedWithoutBeingDecoded) {
  const DataFolder folder;
  const fs::path whole = folder.audio("whole.wav", {.samples = 800});
  const fs::path damaged = folder.file("damaged.wav", read_file(whole).substr(0, 1000));
  for (const std::vector<AudioPart>& parts :
       {std::vector<AudioPart>{{}}, std::vector<AudioPart>{{.duration = 0.01}, {}}}) {
    const TestSet set = set_of(damaged, parts);
    AudioReader reader(set, 16000);
    for (Index n = 0; n < std::ssize(parts); ++n) {
      AudioReader::Reading reading = reader.read(n);
      EXPECT_EQ(reading.sha256(), sha256(read_file(damaged)));
      EXPECT_NE(refusal([&] { reading.samples(); }).find("damaged.wav: cut off"),
                std::string::npos);
    }
    EXPECT_EQ(reader.sha256(), hash_of(set));
  }
}

TEST(AudioReader, SamplesAreThoseOfTheHashThatWasTakenBefore) {
  const DataFolder folder;
  const fs::path path = folder.file("a.wav", constant_wav(folder, 800, 1));
  const TestSet set = set_of(path, {{}});
  AudioReader reader(set, 16000);
  AudioReader::Reading reading = reader.read(0);
  const std::string first = hash_of(set);
  folder.file("a.wav", constant_wav(folder, 800, 2));
  expect_all(reading.samples(), 800, 1);
  EXPECT_EQ(reader.sha256(), first);
}

TEST(AudioReader, WhatTookTheFilesPlaceIsRefused) {
  const DataFolder folder;
  const fs::path path = folder.file("a.wav", constant_wav(folder, 800, 1));
  const TestSet set = set_of(path, {{}});
  AudioReader reader(set, 16000);
  fs::remove(path);
  EXPECT_EQ(refusal([&] { reader.samples(0); }), path.string() + ": no such audio file");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(refusal([&] { reader.samples(0); }),
            path.string() + ": is a device or pipe, a file is wanted");
}

}  // namespace
}  // namespace edgeval::data
