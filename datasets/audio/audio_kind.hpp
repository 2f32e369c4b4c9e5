// What an audio file is by its bytes, and whether its damage would be noticed: of WAV, FLAC and Ogg
// the length and, where there are any, the checksums are held against what is there; other formats
// give way to damage without a word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/audio/audio_bytes.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// kChecked: formats whose damage is noticed alone; kAny: whatever libsndfile reads.
enum class AudioKinds { kChecked, kAny };

// The common format of audio that these first bytes are of: empty for WAV, FLAC and Ogg, a name
// such as "AIFF" for the others; none where they are of no such format.
std::optional<std::string_view> kind_of_head(std::string_view head);

// The same of a file that is said to be audio: then any frame of MPEG counts, of which some begin
// as texts in UTF-16 do, and FLAC is known behind ID3 tags, which stand for MPEG otherwise.
std::optional<std::string_view> kind_of(AudioBytes& bytes);

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
