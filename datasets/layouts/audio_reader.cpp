#include "datasets/layouts/audio_reader.hpp"

#include "datasets/audio/ogg_pages.hpp"
#include "host/core/error.hpp"

namespace edgeval::data {

AudioReader::AudioReader(TestSet set, int sample_rate)
    : set_(std::move(set)), sample_rate_(sample_rate) {
  for (const Utterance& utterance : set_.utterances) ++files_[utterance.audio].utterances;
}

void AudioReader::read_whole(AudioBytes& bytes, File& file) {
  FileHash hash = bytes.hash_whole();
  expect_whole_ogg(bytes);
  const std::lock_guard lock(file.mutex);
  // A file is read a second time when memory did not suffice the first time.
  if (file.hash && file.hash->sha256 != hash.sha256) bytes.fail_as_changed();
  file.hash = std::move(hash);
}

void AudioReader::read_in_parts(AudioBytes& bytes, File& file) {
  const std::lock_guard lock(file.mutex);
  if (!file.hash) {
    const FileHash hash = bytes.hash_blocks();
    bytes.expect(hash);
    expect_whole_ogg(bytes);
    file.hash = hash;  // set only now, so that no other part comes from a refused file
  }
  bytes.expect(*file.hash);
}

const std::filesystem::path& AudioReader::path(Index n) const {
  return set_.utterances.at(static_cast<std::size_t>(n)).audio;
}

AudioReader::Reading::Reading(const AudioReader& reader, const Utterance& utterance, File& file)
    : bytes_(utterance.audio),
      sample_rate_(reader.sample_rate_),
      part_(utterance.part),
      kinds_(reader.set_.kinds) {
  if (file.utterances == 1)
    read_whole(bytes_, file);
  else
    read_in_parts(bytes_, file);
  sha256_ = file.hash->sha256;
}

std::vector<float> AudioReader::Reading::samples() {
  return read_audio(bytes_, sample_rate_, part_, kinds_);
}

AudioReader::Reading AudioReader::read(Index n) {
  const Utterance& utterance = set_.utterances.at(static_cast<std::size_t>(n));
  return Reading(*this, utterance, files_.at(utterance.audio));
}

std::vector<float> AudioReader::samples(Index n) { return read(n).samples(); }

std::string AudioReader::sha256() const {
  std::map<std::filesystem::path, std::string> hashes;
  for (const auto& [path, file] : files_) {
    EDGEVAL_ASSERT(file.hash.has_value());
    hashes[path] = file.hash->sha256;
  }
  return test_set_sha256(set_, hashes);
}

}  // namespace edgeval::data
