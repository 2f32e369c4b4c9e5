// Keeps the features of utterances in a folder, so that later runs need not compute them
// (docs/formats/features.md, "The cache"). An entry is a file whose name is the SHA-256 of all that
// the features depend on: the bytes of the audio file, the part of it, the front end, and the
// versions of the decoder and the extractor. Entries are checked when they are read; one that is
// torn, damaged or foreign counts as missing. Processes may share a folder.
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "datasets/audio/audio.hpp"
#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// The audio of which features are made.
struct FeatureSource {
  std::string sha256;   // of the bytes of the whole audio file, in lower-case hexadecimal
  AudioPart part = {};  // what of the file is taken, as the manifest says it
  AudioKinds kinds = AudioKinds::kChecked;  // kinds of files that were accepted
  Index samples = 0;                        // length of the part
};

// Safe to use from several threads at once.
class FeatureCache {
 public:
  // Takes the settings of the front end whose features are kept. The folder may be missing: keep()
  // makes it. Nothing is read or written yet.
  FeatureCache(std::filesystem::path folder, const FrontendConfig& frontend);

  // Returns the features [frames, C] that were kept for this source, or nothing when there is no
  // entry that is whole and has this many frames. Throws std::bad_alloc alone.
  std::optional<Matrix<float>> find(const FeatureSource& source, Index frames) const;

  // Keeps the features, in the place of an entry that find() did not take. Does not throw: after
  // the first failure nothing more is written, and note() tells why.
  void keep(const FeatureSource& source, const Matrix<float>& features) noexcept;

  // Returns, for people, why features could not be kept; empty as long as they could.
  std::string note() const;

  // Returns the file of an entry, whether it is there or not: FOLDER/ab/abcd...
  std::filesystem::path file_of(const FeatureSource& source) const;

 private:
  std::string key_of(const FeatureSource& source) const;
  std::filesystem::path file_of_key(const std::string& key) const;
  void fail(const char* why) noexcept;

  const std::filesystem::path folder_;
  const std::string settings_;  // all of the key that does not depend on the source
  const Index columns_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;  // protects the note
  std::string note_;
};

// Returns the user's folder for features: $XDG_CACHE_HOME/edgeval/features, or else
// $HOME/.cache/edgeval/features. It is empty when neither variable holds an absolute path.
std::filesystem::path default_feature_folder();

}  // namespace edgeval::data
