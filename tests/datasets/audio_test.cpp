// Audio files of every kind that is read, and of the kinds that are refused.
#include "datasets/audio.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/datasets/data_folder.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::refusal;
using test::Wav;

// It must be refused with one line that names the file and says `what`.
void expect_refused(const std::filesystem::path& path, const std::string& what) {
  const std::string message = refusal([&] { read_audio(path, 16000); });
  EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
  EXPECT_NE(message.find(what), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

void expect_saw(const std::filesystem::path& path, Index samples) {
  EXPECT_EQ(audio_samples(path, 16000), samples);
  const std::vector<float> values = read_audio(path, 16000);
  ASSERT_EQ(static_cast<Index>(values.size()), samples);
  for (int i = 0; i < samples; ++i)
    ASSERT_EQ(values[static_cast<std::size_t>(i)], static_cast<float>(i % DataFolder::kSaw))
        << path;
}

void cut(const std::filesystem::path& path, std::uintmax_t bytes) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - bytes);
}

TEST(Audio, SamplesAreInThe16BitRangeWhateverTheEncoding) {
  const DataFolder folder;
  const int kinds[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_WAV | SF_FORMAT_PCM_24,
                       SF_FORMAT_WAV | SF_FORMAT_PCM_32,  SF_FORMAT_WAV | SF_FORMAT_FLOAT,
                       SF_FORMAT_WAV | SF_FORMAT_DOUBLE,  SF_FORMAT_WAVEX | SF_FORMAT_PCM_16,
                       SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
                       SF_FORMAT_AIFF | SF_FORMAT_PCM_16};
  for (const int format : kinds)
    for (const int samples : {1, 31, 32, 33, 20000})
      expect_saw(folder.audio("saw", {.samples = samples, .format = format}), samples);
  expect_saw(folder.audio("block", {.samples = 1 << 16, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT}),
             1 << 16);
}

TEST(Audio, VorbisKeepsTheLength) {
  const DataFolder folder;
  const auto path =
      folder.audio("a.ogg", {.samples = 5000, .format = SF_FORMAT_OGG | SF_FORMAT_VORBIS});
  EXPECT_EQ(audio_samples(path, 16000), 5000);
  EXPECT_EQ(read_audio(path, 16000).size(), 5000u);
}

TEST(Audio, AnotherRateIsRefusedWithTheCure) {
  const DataFolder folder;
  const auto path = folder.audio("a.wav", {.rate = 8000});
  expect_refused(path, "8000 Hz");
  expect_refused(path, "sox a.wav -r 16000");
  EXPECT_EQ(read_audio(path, 8000).size(), 800u);
  EXPECT_EQ(refusal([&] { audio_samples(path, 16000); }),
            refusal([&] { read_audio(path, 16000); }));
}

TEST(Audio, SeveralChannelsAreRefusedWithTheCure) {
  const DataFolder folder;
  expect_refused(folder.audio("a.wav", {.channels = 2}), "sox a.wav -c 1");
}

TEST(Audio, WhatIsNoAudioIsRefused) {
  const DataFolder folder;
  expect_refused(folder / "none.wav", "no such audio file");
  expect_refused(folder.path(), "folder");
  expect_refused(folder.file("empty.wav", ""), "empty");
  expect_refused(folder.file("text.wav", "hello, I am a letter"), "not a readable audio file");
  expect_refused(folder.audio("silent.wav", {.samples = 0}), "no samples");
}

TEST(Audio, AFileCutOffIsRefused) {
  const DataFolder folder;
  const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_FLOAT,
                         SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
  for (const int format : formats)
    for (const std::uintmax_t bytes : {4u, 100u, 1000u}) {
      const auto path = folder.audio("cut", {.samples = 20000, .format = format});
      cut(path, bytes);
      expect_refused(path, "cut off");
    }
}

TEST(Audio, AWavHeaderWrittenIntoAPipeSaysNothingOfTheLength) {
  const DataFolder folder;
  const auto path = folder.audio("pipe.wav");
  std::string bytes = read_file(path);
  for (const std::size_t field : {4u, 40u}) bytes.replace(field, 4, "\xFF\xFF\xFF\xFF");
  write_file(path, bytes);
  expect_saw(path, 800);
}

TEST(Audio, ASampleThatIsNoNumberIsRefused) {
  const DataFolder folder;
  const auto path =
      folder.audio("nan.wav", {.samples = 100, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT});
  std::string bytes = read_file(path);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  bytes.replace(bytes.size() - 40 * sizeof(float), sizeof(float),
                reinterpret_cast<const char*>(&nan), sizeof(float));
  write_file(path, bytes);
  expect_refused(path, "sample 60 is not a finite number");
}

}  // namespace
}  // namespace edgeval::data
