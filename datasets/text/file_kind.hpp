// What a file is by its first bytes, so that one given in another's place is refused by its kind:
// an audio file, a model, an archive, a manifest.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval::data {

// The first `most` bytes of a file, fewer where it is shorter; none where it cannot be read or is
// no regular file.
std::string head_of(const std::filesystem::path& path, std::size_t most = std::size_t{1} << 20);

// "an audio file", "a model file (safetensors)", "a zip archive, such as a PyTorch checkpoint",
// ...; empty for text and what is not known.
std::string binary_kind(std::string_view head);

// Whether the first line is a JSON object with an "audio_filepath".
bool is_speech_manifest(std::string_view head);

// Throws Error unless the file may be text: "a.wav: is an audio file; " and then what is wanted.
void expect_kind(const std::filesystem::path& path, const std::string& wanted);

}  // namespace edgeval::data
