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

// A file is read and hashed first and decoded only on demand, so that features which were kept for
// bytes of this hash need no decoding. Several threads may use a reader at once. A file that only
// one utterance needs is held in memory while it is read. A file of which several utterances take
// parts is hashed when the first of them is read; every block that is read for any of them is
// compared with that hash.
class AudioReader {
 public:
  AudioReader(TestSet set, int sample_rate);

  const TestSet& set() const { return set_; }

  class Reading;

  // Reads and hashes the file of the utterance with this number, or only opens it when the hash is
  // known from another utterance. Throws Error when the file cannot be read, when it is a damaged
  // Ogg file, or when it is found to have changed since an utterance was read from it.
  Reading read(Index utterance);

  // Returns the samples of the utterance with this number.
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

// The file of one utterance while it is read. It must not outlive the reader that made it.
class AudioReader::Reading {
 public:
  // The SHA-256 of the whole file, in lower-case hexadecimal.
  const std::string& sha256() const { return sha256_; }

  // Decodes the samples of the utterance, as read_audio does, from the bytes of this hash. Throws
  // Error when these are damaged, or when the file has changed meanwhile.
  std::vector<float> samples();

 private:
  friend class AudioReader;
  Reading(const AudioReader& reader, const Utterance& utterance, File& file);

  AudioBytes bytes_;
  std::string sha256_;
  int sample_rate_;
  AudioPart part_;
  AudioKinds kinds_;
};

}  // namespace edgeval::data
