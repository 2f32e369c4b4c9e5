// Reads audio files of one channel through libsndfile: WAV, FLAC and Ogg, and other formats where
// the caller asks for them. A file is read whole, or a part of it that is given in seconds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/audio/audio_kind.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// A part of an audio file, as a line of a manifest gives it. With an offset the part must lie
// within the file. A duration alone may be longer than the file, which is then taken whole, as in
// NeMo.
struct AudioPart {
  // In seconds; left out, the part begins at the start or reaches to the end of the file.
  std::optional<double> offset = {}, duration = {};
  std::string place = {};  // FILE:LINE of the offset and duration, for messages

  bool is_whole() const { return !offset && !duration; }
};

// The samples of a part, trunc(offset * rate) and trunc(duration * rate), as NeMo cuts.
struct AudioExtent {
  Index first = 0;
  Index samples = 0;
  Index file_samples = 0;
  bool is_shorter = false;    // whether the duration is longer, by more than rounding
  bool is_unchecked = false;  // whether damage may pass unnoticed
};

// Returns the samples of a part according to the file's header. Throws Error on a file that is
// unreadable, empty, of several channels, or of another kind or rate, and on a part that does not
// lie within the file.
AudioExtent audio_extent(const std::filesystem::path& path, int sample_rate,
                         const AudioPart& part = {}, AudioKinds kinds = AudioKinds::kChecked);

// Return the samples of the part alone, in the 16-bit range (-32768 to 32767). They throw as
// audio_extent does, and when the file ends early or goes on beyond the end that its header
// promises.
std::vector<float> read_audio(AudioBytes& bytes, int sample_rate, const AudioPart& part = {},
                              AudioKinds kinds = AudioKinds::kChecked);
std::vector<float> read_audio(const std::filesystem::path& path, int sample_rate,
                              const AudioPart& part = {}, AudioKinds kinds = AudioKinds::kChecked);

// Returns the name and version of the library that decodes, such as "libsndfile-1.2.0".
std::string decoder_version();

}  // namespace edgeval::data
