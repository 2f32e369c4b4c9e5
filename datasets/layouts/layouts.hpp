// The layouts of test sets that are recognised. A new layout takes a file of its own and a place in
// kLayouts of layouts.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"

namespace edgeval::data {

struct Layout {
  const char* name;
  bool (*recognises)(const std::filesystem::path& folder);
  // The names of the parts, sorted; empty where the layout has no parts.
  std::vector<std::string> (*splits)(const std::filesystem::path& folder);
  // Reads all utterances of a part; `split` is empty when there are no parts.
  std::vector<Utterance> (*read)(const std::filesystem::path& folder, const std::string& split);
};

extern const Layout kAn4Layout;          // etc/an4_*.fileids, etc/an4_*.transcription, wav/ID.wav
extern const Layout kKaldiLayout;        // wav.scp, text, utt2spk
extern const Layout kManifestLayout;     // SPLIT.jsonl or SPLIT.json, each a manifest
extern const Layout kLibrispeechLayout;  // SPLIT/SPEAKER/CHAPTER/*.trans.txt and *.flac

// Reads a manifest of JSON lines: {"audio_filepath", "text", "id"?, "speaker"?, "offset"?,
// "duration"?}.
std::vector<Utterance> read_manifest(const std::filesystem::path& file);

}  // namespace edgeval::data
