// Audio files through libsndfile: WAV, FLAC and Ogg, others where they are asked for; one channel.
// Whole, or a part that is given in seconds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/audio/audio_kind.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// A part of an audio file, as a line of a manifest gives it. With an offset it must lie within the
// file; a duration alone may be longer, and the file is then taken whole, as NeMo does.
struct AudioPart {
  std::optional<double> offset = {}, duration = {};  // seconds; without: from the start, to the end
  std::string place = {};                            // FILE:LINE that gives them, for messages

  bool is_whole() const { return !offset && !duration; }
};

// The samples of a part: trunc(offset * rate) and trunc(duration * rate), as NeMo cuts.
struct AudioExtent {
  Index first = 0;
  Index samples = 0;
  Index file_samples = 0;
  bool is_shorter = false;    // than the duration says, by more than durations are rounded
  bool is_unchecked = false;  // of a kind whose damage may pass unnoticed
};

// From the file's header. Throws Error on an unreadable, empty or many-channel file, one of another
// kind or rate, and a part that does not lie within the file.
AudioExtent audio_extent(const std::filesystem::path& path, int sample_rate,
                         const AudioPart& part = {}, AudioKinds kinds = AudioKinds::kChecked);

// The samples in the 16-bit range (-32768 to 32767), of the part alone. Throws as above, and when
// the file ends early, or goes on behind the end that its header tells.
std::vector<float> read_audio(AudioBytes& bytes, int sample_rate, const AudioPart& part = {},
                              AudioKinds kinds = AudioKinds::kChecked);
std::vector<float> read_audio(const std::filesystem::path& path, int sample_rate,
                              const AudioPart& part = {}, AudioKinds kinds = AudioKinds::kChecked);

}  // namespace edgeval::data
