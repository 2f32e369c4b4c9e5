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
  AudioPart part = {};  // of the audio file, the whole of it unless a manifest says otherwise
};

struct TestSet {
  std::filesystem::path path;
  std::string layout;  // manifest | an4 | librispeech | kaldi
  std::string split;   // empty when the layout has no parts
  std::vector<Utterance> utterances;
  AudioKinds kinds = AudioKinds::kChecked;  // of the audio files that are read
};

struct Selection {
  std::string split = {};             // a part of the layout: test, train, dev, test-clean, ...
  Index limit = 0;                    // the first so many utterances; 0: all
  std::vector<std::string> ids = {};  // only these, in the order of the set; empty: all
  AudioKinds kinds = AudioKinds::kChecked;
};

// Opens a manifest file or a folder whose layout is recognised (docs/formats/test-sets.md).
// Without a split the only part is taken; with several it must be named. Throws Error naming the
// file and line of what is missing, doubled or malformed; every audio file of the part exists
// afterwards, none is opened.
TestSet open_test_set(const std::filesystem::path& path, const Selection& selection);

// SHA-256 over ids, texts, the bytes of the audio files and, where given, the offset and duration
// of the part: equal for equal data wherever it lies.
// hashes: SHA-256 of each audio file, in hexadecimal (AudioReader takes them).
std::string test_set_sha256(const TestSet& set,
                            const std::map<std::filesystem::path, std::string>& hashes);

}  // namespace edgeval::data
