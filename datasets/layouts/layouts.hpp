// What a layout of test sets is. A new layout takes a file of its own and a place in the list of
// layouts.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"

namespace edgeval::data {

struct Layout {
  const char* name;
  const char* files;  // the files by which it is recognised, for people: "wav.scp (Kaldi)"
  bool (*recognises)(const std::filesystem::path& folder);
  // The names of the parts, sorted; empty where the layout has no parts.
  std::vector<std::string> (*splits)(const std::filesystem::path& folder);
  // Reads all utterances of a part; `split` is empty when there are no parts.
  std::vector<Utterance> (*read)(const std::filesystem::path& folder, const std::string& split);
};

// Reads a manifest of JSON lines: {"audio_filepath", "text", "id"?, "speaker"?, "offset"?,
// "duration"?}.
std::vector<Utterance> read_manifest(const std::filesystem::path& file);

}  // namespace edgeval::data
