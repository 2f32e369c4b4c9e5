// Tells by its first bytes what a file is, so that a file given in the place of another is refused
// by its kind: an audio file, a model, an archive, a manifest.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval::data {

// Returns the first `most` bytes of a file, or all of a shorter one; empty where it cannot be read
// or is no regular file.
std::string head_of(const std::filesystem::path& path, std::size_t most = std::size_t{1} << 20);

// Returns "an audio file", "a model file (safetensors)", "a zip archive, such as a PyTorch
// checkpoint" and the like; empty for text and for unknown bytes.
std::string binary_kind(std::string_view head);

// Whether the first line is a JSON object with an "audio_filepath".
bool is_speech_manifest(std::string_view head);

// Throws Error unless the file may be text: "a.wav: is an audio file; ", followed by `wanted`.
void expect_kind(const std::filesystem::path& path, const std::string& wanted);

}  // namespace edgeval::data
