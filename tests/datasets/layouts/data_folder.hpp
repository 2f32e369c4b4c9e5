// A folder of made-up data for one test, with audio files, and the message with which a call was
// refused.
#pragma once

#include <sndfile.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

struct Wav {
  int samples = 800;
  int rate = 16000;
  int channels = 1;
  int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
};

class DataFolder : public TemporaryFolder {
 public:
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }

  // The samples are a saw: sample i of every channel is i mod kSaw, in 16-bit units.
  static constexpr int kSaw = 1000;
  std::filesystem::path audio(const std::string& name, const Wav& wav = {}) const {
    const std::filesystem::path file_path = path() / name;
    std::filesystem::create_directories(file_path.parent_path());
    SF_INFO info{};
    info.samplerate = wav.rate;
    info.channels = wav.channels;
    info.format = wav.format;
    std::vector<int> values;  // samples in the upper half, where libsndfile expects the 16 bits
    for (int i = 0; i < wav.samples; ++i)
      for (int c = 0; c < wav.channels; ++c) values.push_back((i % kSaw) << 16);
    SNDFILE* file = sf_open(file_path.c_str(), SFM_WRITE, &info);
    if (file == nullptr)
      throw Error("the test's audio file cannot be written: " + file_path.string());
    sf_command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);
    sf_writef_int(file, values.data(), wav.samples);
    sf_close(file);
    return file_path;
  }
};

// Returns the hash of the set with its audio files as they are on the disk now.
inline std::string hash_of(const data::TestSet& set) {
  std::map<std::filesystem::path, std::string> hashes;
  for (const data::Utterance& utterance : set.utterances)
    hashes[utterance.audio] = sha256(read_file(utterance.audio));
  return data::test_set_sha256(set, hashes);
}

// Returns the ids of the utterances, in the order of the set.
inline std::vector<std::string> ids(const data::TestSet& set) {
  std::vector<std::string> all;
  for (const data::Utterance& utterance : set.utterances) all.push_back(utterance.id);
  return all;
}

}  // namespace edgeval::test
