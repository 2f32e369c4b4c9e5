// What an audio file is by its bytes, and whether its damage would be noticed: of WAV, FLAC and Ogg
// the length and, where there are any, the checksums are held against what is there; other formats
// give way to damage without a word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "datasets/audio_bytes.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// kChecked: formats whose damage is noticed alone; kAny: whatever libsndfile reads.
enum class AudioKinds { kChecked, kAny };

// Whether it is MPEG audio, such as MP3, behind tags or not: the library that libsndfile reads it
// with prints on the terminal.
bool is_mpeg(AudioBytes& bytes);

// Whether it begins as WAV, FLAC or Ogg do.
bool is_checked_kind(AudioBytes& bytes);

// What it is when it begins as one of the other formats do that are common; empty for the rest.
std::string other_kind(AudioBytes& bytes);

// Bytes of a sample in this format of libsndfile, 0 when they differ from sample to sample.
std::uint32_t sample_bytes(int format);

// The name of a format of libsndfile whose damage may pass unnoticed; empty for the others.
std::string unchecked_name(int format);

// The samples that the header of a FLAC file promises, 0: it does not say.
struct FlacLength {
  std::uint64_t at = 0;      // the place of its five bytes in the file: four bits of another field,
  unsigned char beside = 0;  // in their place in the first byte, then 36 of the length
  Index samples = 0;
};
std::optional<FlacLength> find_flac_length(AudioBytes& bytes);

}  // namespace edgeval::data
