// Audio through libsndfile. A file is opened only if it is what the model wants: one channel, the
// sample rate, a known length, nothing cut off.
#include "datasets/audio.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "datasets/streamed_wav.hpp"
#include "datasets/wav_header.hpp"
#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr float kFullScale = 32768;  // libsndfile's floats lie in [-1, 1)
constexpr Index kBlock = 1 << 16;    // samples read at once
// No format packs more samples into a byte: FLAC has at most 65535 in a frame of 11 bytes.
constexpr Index kMostPerByte = 8192;
constexpr double kRounding = 0.010;  // seconds by which a duration may be rounded up
// A duration that says more of a file without an offset is of another file.
constexpr double kLongest = 2;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

struct OpenAudio {
  std::unique_ptr<StreamedWav> streamed;  // outlives `file`, which reads through it
  std::unique_ptr<SNDFILE, Close> file;
  SF_INFO info{};
};

// Bytes of a sample, 0 when they differ from sample to sample.
std::uint32_t sample_bytes(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_ULAW:
    case SF_FORMAT_ALAW:
      return 1;
    case SF_FORMAT_PCM_16:
      return 2;
    case SF_FORMAT_PCM_24:
      return 3;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
      return 4;
    case SF_FORMAT_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

// Samples that a WAV header promises, or -1 when it does not say. libsndfile takes what is there
// when a WAV file was cut off, without a word, so its own figure is to be compared with this one.
Index promised_samples(const std::optional<WavData>& wav, const SF_INFO& info) {
  const std::uint32_t bytes = sample_bytes(info.format);
  return !wav || wav->is_stream || bytes == 0 ? -1 : static_cast<Index>(wav->says / bytes);
}

void open(const fs::path& path, const std::optional<WavData>& wav, OpenAudio& audio) {
  if (wav && wav->is_stream) {
    audio.streamed = std::make_unique<StreamedWav>(path, *wav);
    audio.file.reset(audio.streamed->open(audio.info));
  } else {
    audio.file.reset(sf_open(path.c_str(), SFM_READ, &audio.info));
  }
  EDGEVAL_EXPECTS(audio.file != nullptr, path.string(),
                  ": not a readable audio file: ", sf_strerror(nullptr));
}

OpenAudio open_audio(const fs::path& path, int sample_rate) {
  std::error_code error;
  EDGEVAL_EXPECTS(fs::exists(path, error), path.string(), ": no such audio file");
  EDGEVAL_EXPECTS(!fs::is_directory(path, error), path.string(), ": a folder, not an audio file");
  EDGEVAL_EXPECTS(fs::file_size(path, error) > 0, path.string(), ": the file is empty");
  const std::optional<WavData> wav = find_wav_data(path);
  EDGEVAL_EXPECTS(!wav || wav->stray_bytes == 0, path.string(), ": its data chunk says ", wav->says,
                  " bytes, but the ", wav->stray_bytes,
                  " bytes behind it are no chunks; if they are audio, mend the header with: ffmpeg "
                  "-ignore_length 1 -i ",
                  path.filename().string(), " mended.wav, else drop them with: sox ",
                  path.filename().string(), " mended.wav");
  OpenAudio audio;
  open(path, wav, audio);
  const SF_INFO& info = audio.info;
  EDGEVAL_EXPECTS(info.channels == 1, path.string(), ": has ", info.channels,
                  " channels, must have one; mix them with: sox ", path.filename().string(),
                  " -c 1 mono.wav");
  EDGEVAL_EXPECTS(info.samplerate == sample_rate, path.string(), ": the sample rate is ",
                  info.samplerate, " Hz, the model wants ", sample_rate, " Hz; resample with: sox ",
                  path.filename().string(), " -r ", sample_rate, " resampled.wav");
  const Index promised = promised_samples(wav, info);
  EDGEVAL_EXPECTS(promised <= info.frames, path.string(), ": cut off: the header promises ",
                  promised, " samples, ", info.frames, " are there");
  EDGEVAL_EXPECTS(info.frames > 0, path.string(), ": holds no samples");
  const auto bytes = static_cast<Index>(fs::file_size(path));
  EDGEVAL_EXPECTS(info.frames == SF_COUNT_MAX || info.frames / kMostPerByte <= bytes, path.string(),
                  ": cut off or damaged: the header promises ", info.frames, " samples, which ",
                  bytes, " bytes cannot hold");
  EDGEVAL_EXPECTS(info.frames < SF_COUNT_MAX, path.string(),
                  ": the header does not tell its length; convert the file with sox");
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

}  // namespace

AudioExtent audio_extent(const fs::path& path, int sample_rate, const AudioPart& part) {
  return extent_of(part, open_audio(path, sample_rate).info.frames, sample_rate, path);
}

std::vector<float> read_audio(const fs::path& path, int sample_rate, const AudioPart& part) {
  const OpenAudio audio = open_audio(path, sample_rate);
  const AudioExtent extent = extent_of(part, audio.info.frames, sample_rate, path);
  if (extent.first > 0)
    EDGEVAL_EXPECTS(sf_seek(audio.file.get(), extent.first, SEEK_SET) == extent.first,
                    path.string(), ": sample ", extent.first, " cannot be reached");
  std::vector<float> samples;
  // Block by block, so that a header's false promise does not become an allocation.
  for (Index wanted = std::min(extent.samples, kBlock); wanted > 0;) {
    const std::size_t old = samples.size();
    samples.resize(old + static_cast<std::size_t>(wanted));
    const Index read =
        std::max<Index>(sf_read_float(audio.file.get(), samples.data() + old, wanted), 0);
    samples.resize(old + static_cast<std::size_t>(read));
    wanted = read < wanted ? 0 : std::min(extent.samples - std::ssize(samples), kBlock);
  }
  EDGEVAL_EXPECTS(std::ssize(samples) == extent.samples, path.string(),
                  ": cut off or damaged: the header promises ", audio.info.frames, " samples, ",
                  extent.first + std::ssize(samples), " can be read");
  for (float& sample : samples) {
    EDGEVAL_EXPECTS(std::isfinite(sample), path.string(), ": sample ",
                    extent.first + (&sample - samples.data()), " is not a finite number");
    sample *= kFullScale;
  }
  return samples;
}

}  // namespace edgeval::data
