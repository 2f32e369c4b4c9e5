// Audio through libsndfile. A file is opened only if it is what the model wants: one channel, the
// sample rate, a known length, nothing cut off.
#include "datasets/audio.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr float kFullScale = 32768;      // libsndfile's floats lie in [-1, 1)
constexpr std::size_t kBlock = 1 << 16;  // samples read at once
// From here on the length in a WAV header means "unknown": it was written into a pipe.
constexpr std::uint32_t kOpenEnd = 0x7FFFF000;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

struct OpenAudio {
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
Index promised_samples(const OpenAudio& audio) {
  const std::uint32_t bytes = sample_bytes(audio.info.format);
  const int type = audio.info.format & SF_FORMAT_TYPEMASK;
  if ((type != SF_FORMAT_WAV && type != SF_FORMAT_WAVEX) || bytes == 0) return -1;
  SF_CHUNK_INFO chunk{};
  std::strcpy(chunk.id, "data");
  chunk.id_size = 4;
  const SF_CHUNK_ITERATOR* found = sf_get_chunk_iterator(audio.file.get(), &chunk);
  if (found == nullptr || sf_get_chunk_size(found, &chunk) != SF_ERR_NO_ERROR) return -1;
  return chunk.datalen >= kOpenEnd ? -1 : static_cast<Index>(chunk.datalen / bytes);
}

OpenAudio open_audio(const fs::path& path, int sample_rate) {
  std::error_code error;
  EDGEVAL_EXPECTS(fs::exists(path, error), path.string(), ": no such audio file");
  EDGEVAL_EXPECTS(!fs::is_directory(path, error), path.string(), ": a folder, not an audio file");
  EDGEVAL_EXPECTS(fs::file_size(path, error) > 0, path.string(), ": the file is empty");
  OpenAudio audio;
  audio.file.reset(sf_open(path.c_str(), SFM_READ, &audio.info));
  EDGEVAL_EXPECTS(audio.file != nullptr, path.string(),
                  ": not a readable audio file: ", sf_strerror(nullptr));
  const SF_INFO& info = audio.info;
  EDGEVAL_EXPECTS(info.channels == 1, path.string(), ": has ", info.channels,
                  " channels, must have one; mix them with: sox ", path.filename().string(),
                  " -c 1 mono.wav");
  EDGEVAL_EXPECTS(info.samplerate == sample_rate, path.string(), ": the sample rate is ",
                  info.samplerate, " Hz, the model wants ", sample_rate, " Hz; resample with: sox ",
                  path.filename().string(), " -r ", sample_rate, " resampled.wav");
  const Index promised = promised_samples(audio);
  EDGEVAL_EXPECTS(promised <= info.frames, path.string(), ": cut off: the header promises ",
                  promised, " samples, ", info.frames, " are there");
  EDGEVAL_EXPECTS(info.frames > 0, path.string(), ": holds no samples");
  EDGEVAL_EXPECTS(info.frames < SF_COUNT_MAX, path.string(),
                  ": the header does not tell its length; convert the file with sox");
  return audio;
}

}  // namespace

Index audio_samples(const fs::path& path, int sample_rate) {
  return open_audio(path, sample_rate).info.frames;
}

std::vector<float> read_audio(const fs::path& path, int sample_rate) {
  const OpenAudio audio = open_audio(path, sample_rate);
  std::vector<float> samples;
  // Block by block, so that a header's false promise does not become an allocation.
  for (bool more = true; more;) {
    const std::size_t old = samples.size();
    samples.resize(old + kBlock);
    const sf_count_t read = sf_read_float(audio.file.get(), samples.data() + old, kBlock);
    samples.resize(old + static_cast<std::size_t>(std::max<sf_count_t>(read, 0)));
    more = read == static_cast<sf_count_t>(kBlock);
  }
  EDGEVAL_EXPECTS(static_cast<Index>(samples.size()) == audio.info.frames, path.string(),
                  ": cut off or damaged: the header promises ", audio.info.frames, " samples, ",
                  samples.size(), " can be read");
  for (float& sample : samples) {
    EDGEVAL_EXPECTS(std::isfinite(sample), path.string(), ": sample ", &sample - samples.data(),
                    " is not a finite number");
    sample *= kFullScale;
  }
  return samples;
}

}  // namespace edgeval::data
