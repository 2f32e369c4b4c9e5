// Audio files through libsndfile: WAV, FLAC, Ogg; one channel.
#pragma once

#include <filesystem>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval::data {

// Samples in the file, from its header. Throws Error on an unreadable, empty or many-channel file
// or another rate.
Index audio_samples(const std::filesystem::path& path, int sample_rate);

// The samples in the 16-bit range (-32768 to 32767). Throws as above, and when the file ends early.
std::vector<float> read_audio(const std::filesystem::path& path, int sample_rate);

}  // namespace edgeval::data
