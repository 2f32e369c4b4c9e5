// Reads the audio of a test set once: the samples of an utterance and the hash of the set come from
// the same bytes.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "datasets/audio/audio_bytes.hpp"
#include "datasets/layouts/test_set.hpp"

namespace edgeval::data {

// Several threads may use a reader at once. A file that only one utterance needs is held in memory
// while it is read. A file of which several utterances take parts is hashed when the first of them
// is read; every block that is read for any of them is compared with that hash.
class AudioReader {
 public:
  AudioReader(TestSet set, int sample_rate);

  const TestSet& set() const { return set_; }

  // Returns the samples of the utterance with this number, as read_audio does. Throws Error when
  // its file has changed since an utterance was read from it.
  std::vector<float> samples(Index utterance);

  const std::filesystem::path& path(Index utterance) const;

  // Returns the test_set_sha256 of the bytes read. Every utterance must have been read.
  std::string sha256() const;

 private:
  struct File {
    Index utterances = 0;
    std::mutex mutex;  // protects the hash, which never changes once it is set
    std::optional<FileHash> hash;
  };
  static void read_whole(AudioBytes& bytes, File& file);
  static void read_in_parts(AudioBytes& bytes, File& file);

  const TestSet set_;
  int sample_rate_;
  std::map<std::filesystem::path, File> files_;
};

}  // namespace edgeval::data
