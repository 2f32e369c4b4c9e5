// Reads audio files of every supported kind, and refuses files of other kinds.
#include "datasets/audio/audio.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::data {
namespace {

using test::DataFolder;
using test::refusal;
using test::Wav;

// Expects a refusal in one line that names the file and says `what`.
void expect_refused(const std::filesystem::path& path, const std::string& what) {
  const std::string message = refusal([&] { read_audio(path, 16000); });
  EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
  EXPECT_NE(message.find(what), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

void expect_saw(const std::filesystem::path& path, Index samples) {
  EXPECT_EQ(audio_extent(path, 16000).samples, samples);
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
                       SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                       SF_FORMAT_FLAC | SF_FORMAT_PCM_24};
  for (const int format : kinds)
    for (const int samples : {1, 31, 32, 33, 20000})
      expect_saw(folder.audio("saw", {.samples = samples, .format = format}), samples);
  expect_saw(folder.audio("block", {.samples = 1 << 16, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT}),
             1 << 16);
}

TEST(Audio, OggKeepsTheLength) {
  const DataFolder folder;
  for (const int samples : {SF_FORMAT_VORBIS, SF_FORMAT_OPUS}) {
    const auto path = folder.audio("a.ogg", {.samples = 5000, .format = SF_FORMAT_OGG | samples});
    EXPECT_EQ(audio_extent(path, 16000).samples, 5000);
    EXPECT_EQ(read_audio(path, 16000).size(), 5000u);
  }
}

// A format that libsndfile reads besides WAV, FLAC and Ogg.
struct OtherKind {
  int format;
  const char* name;
};
constexpr OtherKind kOthers[] = {
    {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, "AIFF"},
    {SF_FORMAT_AU | SF_FORMAT_PCM_16, "AU"},
    {SF_FORMAT_W64 | SF_FORMAT_PCM_16, "W64"},
    {SF_FORMAT_CAF | SF_FORMAT_PCM_16, "CAF"},
    {SF_FORMAT_NIST | SF_FORMAT_PCM_16, "WAV (NIST Sphere)"},
    {SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, "WAV (Microsoft) in IMA ADPCM"},
    {SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, "MPEG audio, such as MP3"},
};

TEST(Audio, AKindWhoseDamageMayPassUnnoticedIsReadOnlyIfAskedFor) {
  const DataFolder folder;
  for (const OtherKind& kind : kOthers) {
    const Wav spec{.samples = 20000, .format = kind.format};
    const auto path = folder.audio("a.wav", spec);
    expect_refused(path, concat("a.wav: is ", kind.name));
    expect_refused(path,
                   ", in which damage may pass unnoticed; make a WAV file of it with: ffmpeg -i "
                   "a.wav a_pcm.wav, or give --any-audio to read it as it is");
    expect_refused(folder.audio("a.other", spec), "ffmpeg -i a.other a.wav, or give --any-audio");
    const AudioExtent extent = audio_extent(path, 16000, {}, AudioKinds::kAny);
    EXPECT_TRUE(extent.is_unchecked) << kind.name;
    const std::vector<float> samples = read_audio(path, 16000, {}, AudioKinds::kAny);
    EXPECT_EQ(std::ssize(samples), extent.samples);
    EXPECT_GE(extent.samples, 20000);
  }
  const auto wav = folder.audio("a.mp3");  // the name does not matter
  EXPECT_FALSE(audio_extent(wav, 16000, {}, AudioKinds::kAny).is_unchecked);
}

// Of a file that is only its first bytes, libsndfile would say that it is broken.
TEST(Audio, AKindThatIsNotAskedForIsKnownByItsFirstBytesAlone) {
  const DataFolder folder;
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, const char*>> heads{
      {"FORM1234AIFF", "AIFF"},
      {"FORM1234AIFC", "AIFF"},
      {".snd\0\0\0\x18"s, "AU"},
      {"caff\0\1\0\0"s, "CAF"},
      {"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB", "W64"},
      {"NIST_1A\n   1024\n", "WAV (NIST Sphere)"},
      {"ID3\3\0\0\0\0\0\0"s, "MPEG audio, such as MP3"},
      {"\xFF\xFB\x90\x64", "MPEG audio, such as MP3"},
      {"\xFF\xFE\x90\x64", "MPEG audio, such as MP3"}};
  for (const auto& [head, name] : heads)
    expect_refused(folder.file("a.wav", head),
                   concat("a.wav: is ", name, ", in which damage may pass unnoticed"));
  for (const char* other :
       {"Creative Voice File\x1a", "RIFF1234AVI ", " paf1234", "RIFF", "caff001 a dog", "FORM 8"})
    expect_refused(folder.file("a.wav", other),
                   "its first bytes are not those of WAV, FLAC or Ogg");
}

std::string with_tag(const std::string& bytes) {
  return std::string("ID3\x03\0\0\0\0\1\2", 10) + std::string(130, '\0') + bytes;
}

TEST(Audio, MpegIsKnownBehindItsTagsAndFlacToo) {
  const DataFolder folder;
  const int mp3 = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  const std::string bytes = read_file(folder.audio("a.mp3", {.samples = 20000, .format = mp3}));
  expect_refused(folder.file("b.mp3", with_tag(bytes)), "is MPEG audio");
  expect_refused(folder.file("cut.mp3", with_tag("")), "is MPEG audio");
  const std::string flac = read_file(
      folder.audio("a.flac", {.samples = 20000, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16}));
  expect_saw(folder.file("b.flac", with_tag(flac)), 20000);
}

// The header has the length in 36 bits, from the middle of byte 21 on.
TEST(Audio, FlacThatGoesOnBehindThePromisedEndIsRefused) {
  const DataFolder folder;
  const auto path =
      folder.audio("a.flac", {.samples = 20000, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16});
  std::string bytes = read_file(path);
  for (const int promised : {19999, 4096, 4095, 1}) {
    bytes[24] = static_cast<char>(promised >> 8);
    bytes[25] = static_cast<char>(promised & 255);
    folder.file("a.flac", bytes);
    expect_refused(path, concat("the header promises ", promised, " samples, but there are more"));
  }
  bytes.replace(22, 4, 4, '\0');
  expect_refused(folder.file("a.flac", bytes), "the header does not tell its length");
}

TEST(Audio, OggThatIsNotWholeIsRefused) {
  const DataFolder folder;
  for (const int samples : {SF_FORMAT_VORBIS, SF_FORMAT_OPUS}) {
    const auto path = folder.audio("a.ogg", {.samples = 400000, .format = SF_FORMAT_OGG | samples});
    const std::string whole = read_file(path);
    std::vector<std::size_t> pages;
    for (std::size_t at = 0; at != std::string::npos; at = whole.find("OggS", at + 1))
      pages.push_back(at);
    ASSERT_GT(pages.size(), 4u);
    const auto refused = [&](const std::string& bytes, const std::string& why) {
      expect_refused(folder.file("a.ogg", bytes), why);
    };
    refused(whole.substr(0, pages.back()), "its last page of Ogg does not say that it is the last");
    for (const std::size_t bytes : {pages.back() - 1, pages.back() + 3, whole.size() - 1})
      refused(whole.substr(0, bytes), "cut off or damaged: no whole page of Ogg begins at byte ");
    std::string changed = whole;
    changed[pages[3] + 100] = static_cast<char>(changed[pages[3] + 100] ^ 1);
    refused(changed, concat("no whole page of Ogg begins at byte ", pages[3]));
    changed = whole;
    changed.erase(pages[3], pages[4] - pages[3]);
    refused(changed, concat("damaged: page 3 of Ogg is missing at byte ", pages[3]));
    refused(whole + "x", concat("no whole page of Ogg begins at byte ", whole.size()));
    folder.audio("b.ogg", {.samples = 400, .format = SF_FORMAT_OGG | SF_FORMAT_VORBIS});
    refused(whole + read_file(folder / "b.ogg"),
            concat("several streams, of which one would be read; another begins at byte ",
                   whole.size()));
  }
}

TEST(Audio, AnotherRateIsRefusedWithTheCure) {
  const DataFolder folder;
  const auto path = folder.audio("a.wav", {.rate = 8000});
  expect_refused(path, "8000 Hz");
  expect_refused(path, "sox a.wav -r 16000");
  EXPECT_EQ(read_audio(path, 8000).size(), 800u);
  EXPECT_EQ(refusal([&] { audio_extent(path, 16000); }), refusal([&] { read_audio(path, 16000); }));
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
  const auto letter = folder.file("text.wav", "hello, I am a letter");
  expect_refused(letter,
                 "text.wav: not a readable audio file: its first bytes are not those of WAV");
  EXPECT_NE(refusal([&] {
              audio_extent(letter, 16000, {}, AudioKinds::kAny);
            }).find("text.wav: not a readable audio file: "),
            std::string::npos);
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

// Returns a RIFF file whose header says the lengths `riff` and `data`. Its samples are the saw of
// DataFolder, and `behind` follows them.
std::string wav_bytes(std::uint32_t riff, std::uint32_t data, int samples,
                      const std::string& behind = "", bool big_endian = false) {
  const auto number = [&](std::uint32_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i)
      text += static_cast<char>(value >> 8 * (big_endian ? bytes - 1 - i : i));
    return text;
  };
  std::string file = (big_endian ? "RIFX" : "RIFF") + number(riff, 4) + "WAVEfmt " + number(16, 4) +
                     number(1, 2) + number(1, 2) + number(16000, 4) + number(32000, 4) +
                     number(2, 2) + number(16, 2) + "data" + number(data, 4);
  for (int i = 0; i < samples; ++i) file += number(i % DataFolder::kSaw, 2);
  return file + behind;
}

constexpr std::uint32_t kUnknown = 0xFFFFFFFF;

TEST(Audio, AStreamIsReadToItsEndWhateverItsLengthsSay) {
  const DataFolder folder;
  // Programs that write to a pipe leave such lengths: 0 for both, and those of libsndfile, sox and
  // ffmpeg.
  const std::array<std::uint32_t, 2> lengths[] = {
      {0, 0}, {8, 0}, {0x7FFFF024, 0x7FFFF000}, {kUnknown, kUnknown}, {kUnknown, 0}};
  for (const auto& [riff, data] : lengths)
    for (const bool big_endian : {false, true})
      for (const int samples : {1, 800, 1 << 16, 100001})
        expect_saw(folder.file("s.wav", wav_bytes(riff, data, samples, "", big_endian)), samples);
  expect_refused(folder.file("s.wav", wav_bytes(0, 0, 0)), "holds no samples");
}

TEST(Audio, AStreamMayHaveChunksInFrontOfItsSamples) {
  const DataFolder folder;
  std::string file = wav_bytes(0, 0, 800);
  file.insert(36, std::string("LIST\6\0\0\0INFO12", 14));  // such as ffmpeg's list with its name
  expect_saw(folder.file("s.wav", file), 800);
}

TEST(Audio, ADataChunkThatSaysTooLittleIsRefused) {
  const DataFolder folder;
  for (const std::uint32_t data : {0u, 2u, 160u, 1590u})
    expect_refused(folder.file("short.wav", wav_bytes(36 + 1600, data, 800)),
                   concat("its data chunk says ", data, " bytes, but the ", 1600 - data,
                          " bytes behind it are no chunks"));
  expect_refused(folder.file("short.wav", wav_bytes(36 + 160, 160, 800)), "are no chunks");
}

TEST(Audio, ChunksBehindTheSamplesAreNoAudio) {
  const DataFolder folder;
  const std::string list("LIST\4\0\0\0INFO", 12), odd("LIST\5\0\0\0INFOx\0", 14);
  for (const std::string& behind : {list, odd, list + list, odd + list, list + '\0'})
    expect_saw(folder.file("a.wav", wav_bytes(36 + 1600 + static_cast<std::uint32_t>(behind.size()),
                                              1600, 800, behind)),
               800);
}

TEST(Audio, ADataChunkOfOddLengthMayLackItsPadding) {
  const DataFolder folder;
  const std::string list("LIST\4\0\0\0INFO", 12);
  // The file has 799 samples and a half.
  const std::string bytes = wav_bytes(36 + 1599 + 12, 1599, 800).substr(0, 44 + 1599);
  expect_saw(folder.file("a.wav", bytes + list), 799);
  expect_saw(folder.file("a.wav", bytes + '\0' + list), 799);
}

// Returns an RF64 file, in which the chunk ds64 has the length of the data chunk.
std::string rf64_bytes(std::uint64_t data, int samples, const std::string& behind = "") {
  std::string lengths;
  for (const std::uint64_t value : {data + 72, data, data / 2})
    for (int i = 0; i < 8; ++i) lengths += static_cast<char>(value >> 8 * i);
  std::string file = wav_bytes(kUnknown, kUnknown, samples, behind);
  file.replace(0, 4, "RF64");
  return file.insert(12, std::string("ds64\x1C\0\0\0", 8) + lengths + std::string(4, '\0'));
}

TEST(Audio, TheLengthOfRf64IsHeldAgainstTheFile) {
  const DataFolder folder;
  expect_saw(folder.file("a.wav", rf64_bytes(1600, 800)), 800);
  expect_saw(folder.file("a.wav", rf64_bytes(1600, 800, std::string("LIST\4\0\0\0INFO", 12))), 800);
  expect_refused(folder.file("a.wav", rf64_bytes(1600, 700)), "cut off");
  expect_refused(folder.file("a.wav", rf64_bytes(std::uint64_t{1} << 40, 800)), "cut off");
  expect_refused(folder.file("a.wav", rf64_bytes(~std::uint64_t{0}, 800)), "not a readable");
  expect_refused(folder.file("a.wav", rf64_bytes(800, 800)), "are no chunks");
}

// Fuzzing found that libsndfile never stops looking for the end of such lists.
TEST(Audio, ADamagedListDoesNotMatter) {
  const DataFolder folder;
  const std::string list("LIST\x10\0\0\0\3\0\1\0\xF8\xFF\xFF\xFF\3vorbz\xA4>", 24);
  std::string front = wav_bytes(0, 1600, 800);
  front.insert(36, list);
  for (const std::string& file : {front, wav_bytes(0, 1600, 800, list), front + list + list})
    expect_saw(folder.file("a.wav", file), 800);
  expect_saw(folder.file("a.wav", rf64_bytes(1600, 800, list)), 800);
  expect_refused(folder.file("a.wav", front.substr(0, 60)), "its chunks lead to no data chunk");
}

// Fuzzing found that such a list alone keeps libsndfile busy for minutes.
TEST(Audio, AChunkLongerThanTheFileIsRefused) {
  const DataFolder folder;
  for (const char* id : {"LIST", "bext", "fact"})
    for (const bool has_data : {false, true}) {
      std::string file = wav_bytes(0, 1600, 800);
      if (!has_data) file.resize(36);
      file.insert(36, concat(id, std::string("\0\xFF\xFF\xFF", 4), std::string(40, '\xFF')));
      expect_refused(folder.file("a.wav", file),
                     concat("cut off or damaged: its ", id, " chunk says 4294967040 bytes, ",
                            file.size() - 44, " are there"));
    }
}

// Compares the values of a part with those of the whole file.
void expect_part(const std::filesystem::path& path, const AudioPart& part, Index first,
                 Index samples) {
  const AudioExtent extent = audio_extent(path, 16000, part);
  EXPECT_EQ(extent.first, first);
  EXPECT_EQ(extent.samples, samples);
  const std::vector<float> values = read_audio(path, 16000, part);
  ASSERT_EQ(std::ssize(values), samples);
  for (Index i = 0; i < samples; ++i)
    ASSERT_EQ(values[static_cast<std::size_t>(i)],
              static_cast<float>((first + i) % DataFolder::kSaw))
        << path << " sample " << i;
}

// NeMo seeks to int(offset * rate) and reads int(duration * rate) samples.
TEST(Audio, APartIsCutWhereNeMoCutsIt) {
  const DataFolder folder;
  const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
  for (const int format : formats) {
    const auto path = folder.audio("a", {.samples = 160000, .format = format});  // 10 s
    expect_part(path, {}, 0, 160000);
    expect_part(path, {.offset = 0}, 0, 160000);
    expect_part(path, {.offset = 2.5}, 40000, 120000);
    expect_part(path, {.duration = 0.4}, 0, 6400);
    expect_part(path, {.offset = 9.0, .duration = 1.0}, 144000, 16000);
    expect_part(path, {.offset = 1.00005, .duration = 0.00019}, 16000, 3);  // 16000.8 and 3.04
    // 1.001 * 16000 is 16015.999999999998 in double precision.
    expect_part(path, {.offset = 1.001, .duration = 1.001}, 16015, 16015);
    expect_part(path, {.offset = 0.0001, .duration = 8.2}, 1, 131200);
    expect_part(path, {.offset = 4.1, .duration = 0.0}, 65600, 94400);  // 0 reads to the end
  }
}

TEST(Audio, APartOfAStreamIsCutToo) {
  const DataFolder folder;
  expect_part(folder.file("s.wav", wav_bytes(0, 0, 16000)), {.offset = 0.5, .duration = 0.25}, 8000,
              4000);
}

TEST(Audio, APartMayEndLessThanTenMillisecondsBehindTheFile) {
  const DataFolder folder;
  const auto path = folder.audio("a.wav", {.samples = 15000});  // 0.9375 s
  expect_part(path, {.offset = 0.5, .duration = 0.44}, 8000, 7000);
  expect_part(path, {.offset = 0.0, .duration = 0.9475}, 0, 15000);
  expect_part(path, {.duration = 0.94}, 0, 15000);
  const auto refused = [&](const AudioPart& part) {
    return refusal([&] { audio_extent(path, 16000, part); });
  };
  const std::string end = " the end of " + path.string() + " at 0.9375 s";
  EXPECT_EQ(refused({.offset = 0.5, .duration = 0.45, .place = "m:3"}),
            "m:3: the part of 0.45 s from 0.5 s on reaches beyond" + end);
  EXPECT_EQ(refused({.offset = 0.9375, .place = "m:3"}),
            "m:3: the offset 0.9375 s lies behind" + end);
  EXPECT_EQ(refused({.offset = 1e9, .duration = 1e9, .place = "m:3"}),
            "m:3: the offset 1e+09 s lies behind" + end);
  EXPECT_EQ(refused({.duration = 1e-6, .place = "m:3"}),
            "m:3: the duration 1e-06 s is less than a sample");
}

TEST(Audio, ADurationAloneThatIsTooLongTakesTheFileWhole) {
  const DataFolder folder;
  const auto path = folder.audio("a.wav", {.samples = 15000});
  expect_part(path, {.duration = 1.3}, 0, 15000);
  EXPECT_TRUE(audio_extent(path, 16000, {.duration = 1.3}).is_shorter);
  EXPECT_TRUE(audio_extent(path, 16000, {.duration = 1.875}).is_shorter);  // twice as long
  EXPECT_NE(refusal([&] {
              audio_extent(path, 16000, {.duration = 1.876});
            }).find("is more than 2 times as long as"),
            std::string::npos);
  EXPECT_FALSE(audio_extent(path, 16000, {.duration = 0.94}).is_shorter);
  EXPECT_FALSE(audio_extent(path, 16000, {.duration = 0.5}).is_shorter);
}

// The headers of these FLAC files promise 2^31 and 2^36 samples in 6994 bytes.
TEST(Audio, MoreSamplesThanTheFileCanHoldAreRefusedUnread) {
  const auto cases = test::source_folder() / "tests/golden/cases/faults";
  for (const char* name : {"flac_lie_2e31.flac", "flac_lie_2e36.flac"}) {
    expect_refused(cases / name, "samples, which 6994 bytes cannot hold");
    EXPECT_NE(refusal([&] { audio_extent(cases / name, 16000); }), "accepted");
  }
}

// A chunk of nearly 2^63 bytes stands before the samples. A 64-bit number cannot hold where it
// ends, and a sanitizer would report the overflow.
TEST(Audio, AChunkThatEndsBeyondEveryFileIsRefused) {
  const DataFolder folder;
  const auto path = folder.audio("a.w64", {.format = SF_FORMAT_W64 | SF_FORMAT_PCM_16});
  std::string bytes = read_file(path);
  const std::size_t data = bytes.find("data");
  ASSERT_NE(data, std::string::npos);
  const std::string length = "\xF0\xFF\xFF\xFF\xFF\xFF\xFF\x7F";
  folder.file("a.w64", bytes.insert(data, "levl" + bytes.substr(data + 4, 12) + length));
  for (const AudioKinds kinds : {AudioKinds::kChecked, AudioKinds::kAny})
    EXPECT_TRUE(refusal([&] { read_audio(path, 16000, {}, kinds); }).starts_with(path.string()));
}

// A byte of FLAC may stand for thousands of samples of silence.
TEST(Audio, LongSilenceIsRead) {
  const DataFolder folder;
  const auto path = folder / "silence.flac";
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  const std::vector<short> silence(10'000'000);
  sf_write_short(file, silence.data(), std::ssize(silence));
  sf_close(file);
  EXPECT_EQ(read_audio(path, 16000).size(), silence.size());
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
