// A test set: utterances with their audio files and reference texts, in the order of the set.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "datasets/audio/audio.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

struct Utterance {
  std::string id;
  std::filesystem::path audio;
  std::string text;
  std::string speaker;  // empty when unknown
  AudioPart part = {};  // part of the audio file; the whole unless a manifest says otherwise
};

struct TestSet {
  std::filesystem::path path;
  std::string layout;  // name of the layout
  std::string split;   // empty when the layout has no parts
  std::vector<Utterance> utterances;
  AudioKinds kinds = AudioKinds::kChecked;  // kinds of audio files that are read
};

struct Selection {
  std::string split = {};             // a part of the layout: test, train, dev, test-clean, ...
  Index limit = 0;                    // how many utterances are taken from the first on; 0: all
  std::vector<std::string> ids = {};  // only these are taken, in the order of the set; empty: all
  AudioKinds kinds = AudioKinds::kChecked;
};

// Opens a manifest file, or a folder whose layout is recognised (docs/formats/test-sets.md).
// Without a split the only part is taken; of several, one must be named. Throws Error naming the
// file and line of what is missing, doubled or malformed. Afterwards every audio file of the part
// exists; none has been opened.
TestSet open_test_set(const std::filesystem::path& path, const Selection& selection);

// Returns the SHA-256 over ids, texts, the bytes of the audio files and, where given, the offset
// and duration of the parts. It is equal for equal data wherever these lie. `hashes` has the
// SHA-256 of each audio file in hexadecimal (AudioReader takes them).
std::string test_set_sha256(const TestSet& set,
                            const std::map<std::filesystem::path, std::string>& hashes);

}  // namespace edgeval::data
