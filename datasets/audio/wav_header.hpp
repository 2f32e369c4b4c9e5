// Reads the chunks of a RIFF WAVE file without libsndfile, which silently takes a wrong length of
// the audio.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datasets/audio/audio_bytes.hpp"

namespace edgeval::data {

// Where the audio of a WAV file lies, and what the header says about it.
struct WavData {
  std::uint64_t begin = 0;  // place of the samples in the file, in bytes
  // The length of the data chunk in bytes, as written; in RF64 it may be written in ds64.
  std::uint64_t says = 0;
  std::uint64_t file_size = 0;  // bytes
  // Whether the file was written into a pipe: the lengths were not known when the header was
  // written, so the audio reaches to the end of the file.
  bool is_stream = false;
  bool big_endian = false;  // RIFX
  // Bytes after the data chunk that form no chunks. They are audio where the data chunk's length is
  // wrong.
  std::uint64_t stray_bytes = 0;
  // The places of the names of those other chunks that say nothing about how the audio is written.
  std::vector<std::uint64_t> other_chunks = {};
};

// Returns none when the file is no RIFF, RIFX or RF64 WAVE file. Throws Error where its chunks do
// not lead to its audio.
std::optional<WavData> find_wav_data(AudioBytes& bytes);

}  // namespace edgeval::data
