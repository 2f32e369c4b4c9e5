// Audio through libsndfile. A file is opened only if it is what the model needs: one channel, the
// model's sample rate, a known length, nothing cut off.
#include "datasets/audio/audio.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "datasets/audio/audio_stream.hpp"
#include "datasets/audio/ogg_pages.hpp"
#include "datasets/audio/wav_header.hpp"
#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr float kFullScale = 32768;  // libsndfile's floats lie in [-1, 1)
constexpr Index kBlock = 1 << 16;    // samples read at once
// No format packs more samples into a byte: FLAC has at most 65535 samples in a frame of 11 bytes.
constexpr Index kMostSamplesPerByte = 8192;
constexpr double kRounding = 0.010;  // seconds by which a duration may be rounded up
// Where there is no offset, a duration of more than so many times the file's length must be that of
// another file.
constexpr double kLongest = 2;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

struct OpenAudio {
  std::unique_ptr<AudioStream> stream;  // outlives `file`, which reads through it
  std::unique_ptr<SNDFILE, Close> file;
  SF_INFO info{};
  Index samples = 0;  // according to the header
  bool is_unchecked = false;
};

// Returns the samples that a WAV header promises, or -1 when it does not say. libsndfile silently
// takes what is there when a WAV file was cut off, so its own figure is to be compared with this
// one.
Index promised_samples(const std::optional<WavData>& wav, const SF_INFO& info) {
  const std::uint32_t bytes = sample_bytes(info.format);
  return !wav || wav->is_stream || bytes == 0 ? -1 : static_cast<Index>(wav->says / bytes);
}

// Returns other bytes for libsndfile where the header's length is wrong or cannot be trusted: in a
// WAV file that was written into a pipe the length of what is there, in FLAC none, so that
// libsndfile reads on to the end. Chunks of a WAV file that say nothing about the audio are hidden,
// since libsndfile looks for ever through some that are damaged.
std::vector<Patch> patches_of(const std::optional<WavData>& wav,
                              const std::optional<FlacLength>& flac) {
  std::vector<Patch> patches;
  if (flac) patches.push_back({flac->at, {static_cast<char>(flac->beside), 0, 0, 0, 0}});
  if (!wav) return patches;
  for (const std::uint64_t name : wav->other_chunks) patches.push_back({name, "JUNK"});
  if (wav->is_stream) {
    std::string length(4, '\0');
    const std::uint64_t bytes = std::min<std::uint64_t>(wav->file_size - wav->begin, UINT32_MAX);
    for (std::size_t i = 0; i < length.size(); ++i)
      length[i] = static_cast<char>(bytes >> 8 * (wav->big_endian ? 3 - i : i));
    patches.push_back({wav->begin - length.size(), length});
  }
  return patches;
}

void expect_kind(AudioBytes& bytes, const std::string& kind, AudioKinds kinds) {
  const std::string name = bytes.path().filename().string();
  std::string wav = bytes.path().stem().string() + ".wav";
  // The command must not write over its own input.
  if (wav == name) wav = bytes.path().stem().string() + "_pcm.wav";
  EDGEVAL_EXPECTS(kinds == AudioKinds::kAny || kind.empty(), bytes.path().string(), ": is ", kind,
                  ", in which damage may pass unnoticed; make a WAV file of it with: ffmpeg -i ",
                  name, " ", wav, ", or give --any-audio to read it as it is");
}

// Opens the file with libsndfile, which sees no byte of a format that the caller does not ask for.
void open(AudioBytes& bytes, AudioKinds kinds, std::vector<Patch> patches, OpenAudio& audio) {
  const std::optional<std::string_view> kind = kind_of(bytes);
  EDGEVAL_EXPECTS(kind || kinds == AudioKinds::kAny, bytes.path().string(),
                  ": not a readable audio file: its first bytes are not those of WAV, FLAC or Ogg; "
                  "--any-audio tries every other format that libsndfile knows");
  expect_kind(bytes, std::string(kind.value_or("")), kinds);
  audio.stream = std::make_unique<AudioStream>(bytes, std::move(patches));
  audio.file.reset(audio.stream->open(audio.info));
  audio.stream->expect_read();
  EDGEVAL_EXPECTS(audio.file != nullptr, bytes.path().string(),
                  ": not a readable audio file: ", sf_strerror(nullptr));
  const std::string other = unchecked_name(audio.info.format);
  expect_kind(bytes, other, kinds);
  audio.is_unchecked = kind != "" || !other.empty();
}

// Returns the number of samples that the file must have. Throws where its bytes cannot hold them.
Index expect_length(AudioBytes& bytes, const SF_INFO& info, const std::optional<WavData>& wav,
                    const std::optional<FlacLength>& flac) {
  const std::string path = bytes.path().string();
  const Index promised = promised_samples(wav, info);
  EDGEVAL_EXPECTS(promised <= info.frames, path, ": cut off: the header promises ", promised,
                  " samples, ", info.frames, " are there");
  Index samples = info.frames;
  if (flac) samples = flac->samples > 0 ? flac->samples : SF_COUNT_MAX;
  EDGEVAL_EXPECTS(samples > 0, path, ": holds no samples");
  if (samples == SF_COUNT_MAX) expect_whole_ogg(bytes);
  EDGEVAL_EXPECTS(samples < SF_COUNT_MAX, path,
                  ": the header does not tell its length; convert the file with sox");
  EDGEVAL_EXPECTS(static_cast<std::uint64_t>(samples / kMostSamplesPerByte) <= bytes.size(), path,
                  ": cut off or damaged: the header promises ", samples, " samples, which ",
                  bytes.size(), " bytes cannot hold");
  return samples;
}

OpenAudio open_audio(AudioBytes& bytes, int sample_rate, AudioKinds kinds) {
  const std::string path = bytes.path().string(), name = bytes.path().filename().string();
  const std::optional<WavData> wav = find_wav_data(bytes);
  EDGEVAL_EXPECTS(!wav || wav->stray_bytes == 0, path, ": its data chunk says ", wav->says,
                  " bytes, but the ", wav->stray_bytes,
                  " bytes behind it are no chunks; if they are audio, mend the header with: ffmpeg "
                  "-ignore_length 1 -i ",
                  name, " mended.wav, else drop them with: sox ", name, " mended.wav");
  const std::optional<FlacLength> flac = find_flac_length(bytes);
  OpenAudio audio;
  open(bytes, kinds, patches_of(wav, flac), audio);
  const SF_INFO& info = audio.info;
  EDGEVAL_EXPECTS(info.channels == 1, path, ": has ", info.channels,
                  " channels, must have one; mix them with: sox ", name, " -c 1 mono.wav");
  EDGEVAL_EXPECTS(info.samplerate == sample_rate, path, ": the sample rate is ", info.samplerate,
                  " Hz, the model wants ", sample_rate, " Hz; resample with: sox ", name, " -r ",
                  sample_rate, " resampled.wav");
  audio.samples = expect_length(bytes, info, wav, flac);
  return audio;
}

AudioExtent extent_of(const AudioPart& part, Index file_samples, int sample_rate,
                      const fs::path& path) {
  AudioExtent extent{.samples = file_samples, .file_samples = file_samples};
  if (part.is_whole()) return extent;
  const auto seconds = [&](Index samples) { return static_cast<double>(samples) / sample_rate; };
  const double first = std::trunc(part.offset.value_or(0) * sample_rate);
  EDGEVAL_EXPECTS(first < static_cast<double>(file_samples), part.place, ": the offset ",
                  *part.offset, " s lies behind the end of ", path.string(), " at ",
                  seconds(file_samples), " s");
  extent.first = static_cast<Index>(first);
  extent.samples = file_samples - extent.first;
  if (part.duration.value_or(0) == 0) return extent;
  const double wanted = std::trunc(*part.duration * sample_rate);
  EDGEVAL_EXPECTS(wanted >= 1, part.place, ": the duration ", *part.duration,
                  " s is less than a sample");
  const double missing = wanted - static_cast<double>(extent.samples);
  extent.is_shorter = missing > kRounding * sample_rate;
  EDGEVAL_EXPECTS(!part.offset || !extent.is_shorter, part.place, ": the part of ", *part.duration,
                  " s from ", *part.offset, " s on reaches beyond the end of ", path.string(),
                  " at ", seconds(file_samples), " s");
  EDGEVAL_EXPECTS(wanted <= kLongest * static_cast<double>(file_samples), part.place,
                  ": the duration ", *part.duration, " s is more than ", kLongest,
                  " times as long as ", path.string(), ", ", seconds(file_samples),
                  " s; is it another file's?");
  if (missing < 0) extent.samples = static_cast<Index>(wanted);
  return extent;
}

// Reads up to `count` samples from where `audio` stands, fewer where the file ends. It reads in
// blocks, so that a header's false promise does not become an allocation.
std::vector<float> read_samples(const OpenAudio& audio, Index count) {
  std::vector<float> samples;
  for (Index wanted = std::min(count, kBlock); wanted > 0;) {
    const std::size_t old = samples.size();
    samples.resize(old + static_cast<std::size_t>(wanted));
    const Index read =
        std::max<Index>(sf_read_float(audio.file.get(), samples.data() + old, wanted), 0);
    audio.stream->expect_read();
    samples.resize(old + static_cast<std::size_t>(read));
    wanted = read < wanted ? 0 : std::min(count - std::ssize(samples), kBlock);
  }
  return samples;
}

}  // namespace

AudioExtent audio_extent(const fs::path& path, int sample_rate, const AudioPart& part,
                         AudioKinds kinds) {
  AudioBytes bytes(path);
  const OpenAudio audio = open_audio(bytes, sample_rate, kinds);
  AudioExtent extent = extent_of(part, audio.samples, sample_rate, path);
  extent.is_unchecked = audio.is_unchecked;
  return extent;
}

std::vector<float> read_audio(AudioBytes& bytes, int sample_rate, const AudioPart& part,
                              AudioKinds kinds) {
  const OpenAudio audio = open_audio(bytes, sample_rate, kinds);
  const std::string path = bytes.path().string();
  const AudioExtent extent = extent_of(part, audio.samples, sample_rate, path);
  if (extent.first > 0) {
    const sf_count_t reached = sf_seek(audio.file.get(), extent.first, SEEK_SET);
    audio.stream->expect_read();
    EDGEVAL_EXPECTS(reached == extent.first, path, ": cut off or damaged: sample ", extent.first,
                    " cannot be reached");
  }
  std::vector<float> samples = read_samples(audio, extent.samples);
  EDGEVAL_EXPECTS(std::ssize(samples) == extent.samples, path,
                  ": cut off or damaged: the header promises ", audio.samples, " samples, ",
                  extent.first + std::ssize(samples), " can be read");
  EDGEVAL_EXPECTS(
      extent.first + extent.samples < audio.samples || read_samples(audio, 1).empty(), path,
      ": damaged: the header promises ", audio.samples,
      " samples, but there are more; if they belong to it, make a WAV file of it with ffmpeg");
  for (float& sample : samples) {
    EDGEVAL_EXPECTS(std::isfinite(sample), path, ": sample ",
                    extent.first + (&sample - samples.data()), " is not a finite number");
    sample *= kFullScale;
  }
  return samples;
}

std::vector<float> read_audio(const fs::path& path, int sample_rate, const AudioPart& part,
                              AudioKinds kinds) {
  AudioBytes bytes(path);
  expect_whole_ogg(bytes);
  return read_audio(bytes, sample_rate, part, kinds);
}

std::string decoder_version() { return sf_version_string(); }

}  // namespace edgeval::data
