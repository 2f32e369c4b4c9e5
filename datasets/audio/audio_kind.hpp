// Tells by its bytes what an audio file is, and whether its damage would be noticed. For WAV, FLAC
// and Ogg the length and, where there are any, the checksums are compared with what is there; in
// other formats damage passes unnoticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/audio/audio_bytes.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// kChecked: only formats in which damage is noticed; kAny: every format that libsndfile reads.
enum class AudioKinds { kChecked, kAny };

// Returns the format of audio to which these first bytes belong: empty for WAV, FLAC and Ogg, a
// name such as "AIFF" for other formats, none for bytes of no such format.
std::optional<std::string_view> kind_of_head(std::string_view head);

// Returns the format of a file that is said to be audio. Any frame of MPEG counts here, although
// some begin as texts in UTF-16 do, and FLAC is recognised behind ID3 tags, which stand for MPEG
// otherwise.
std::optional<std::string_view> kind_of(AudioBytes& bytes);

// Returns the bytes of a sample in this format of libsndfile, or 0 when they differ from sample to
// sample.
std::uint32_t sample_bytes(int format);

// Returns the name of a format of libsndfile in which damage may pass unnoticed; empty for other
// formats.
std::string unchecked_name(int format);

// The number of samples that the header of a FLAC file promises; 0 where it does not say.
struct FlacLength {
  // The place of the length in the file. Its five bytes hold four bits of another field, which are
  // kept in `beside` at their place in the first byte, and 36 bits of the length.
  std::uint64_t at = 0;
  unsigned char beside = 0;
  Index samples = 0;
};
std::optional<FlacLength> find_flac_length(AudioBytes& bytes);

}  // namespace edgeval::data
