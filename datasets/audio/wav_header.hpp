// The chunks of a RIFF WAVE file, looked at apart from libsndfile, which takes a wrong length of
// the audio without a word.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datasets/audio/audio_bytes.hpp"

namespace edgeval::data {

// Where the audio of a WAV file lies, and what its header says of that.
struct WavData {
  std::uint64_t begin = 0;      // of the samples in the file, in bytes
  std::uint64_t says = 0;       // length of the data chunk as written, in RF64 perhaps in ds64
  std::uint64_t file_size = 0;  // bytes
  // Written into a pipe: neither length was known when the header was, so the audio reaches to the
  // end of the file.
  bool is_stream = false;
  bool big_endian = false;  // RIFX
  // Bytes behind the data chunk that are no chunks: audio, when the data chunk's length is wrong.
  std::uint64_t stray_bytes = 0;
  // Where the names of the other chunks begin that say nothing of how the audio is written.
  std::vector<std::uint64_t> other_chunks = {};
};

// None when the file is no RIFF, RIFX or RF64 WAVE file. Throws Error where its chunks do not lead
// to its audio.
std::optional<WavData> find_wav_data(AudioBytes& bytes);

}  // namespace edgeval::data
