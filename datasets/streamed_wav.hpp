// A WAV file that was written into a pipe, shown to libsndfile with the length of its audio in
// place: where the header says 0 bytes, libsndfile would find none.
#pragma once

#include <sndfile.h>

#include <filesystem>
#include <fstream>

#include "datasets/wav_header.hpp"

namespace edgeval::data {

class StreamedWav {
 public:
  StreamedWav(const std::filesystem::path& path, const WavData& data);

  // For reading; null when libsndfile cannot. This object must outlive what is returned.
  SNDFILE* open(SF_INFO& info);

 private:
  sf_count_t seek(sf_count_t offset, int whence);
  sf_count_t read(char* to, sf_count_t count);

  std::ifstream stream_;
  WavData data_;
  sf_count_t at_ = 0;
};

}  // namespace edgeval::data
