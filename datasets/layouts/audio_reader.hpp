// The audio of a test set, read once: the samples of an utterance and the hash of the set come from
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

// Several threads may use one at once. A file that one utterance wants is held in memory while it
// is read; one of which several take parts is hashed when the first of them is read, and of every
// block that is read for one of them the hash is compared.
class AudioReader {
 public:
  // The set must outlive this.
  AudioReader(const TestSet& set, int sample_rate);

  // Of the utterance of this number, as read_audio gives them. Throws Error when its file is not
  // the one that an utterance was read from before.
  std::vector<float> samples(Index utterance);

  const std::filesystem::path& path(Index utterance) const;

  // test_set_sha256 of what was read; every utterance must have been.
  std::string sha256() const;

 private:
  struct File {
    Index utterances = 0;
    std::mutex mutex;  // of the hash, which is not changed once it is there
    std::optional<FileHash> hash;
  };
  static void read_whole(AudioBytes& bytes, File& file);
  static void read_in_parts(AudioBytes& bytes, File& file);

  const TestSet& set_;
  int sample_rate_;
  std::map<std::filesystem::path, File> files_;
};

}  // namespace edgeval::data
