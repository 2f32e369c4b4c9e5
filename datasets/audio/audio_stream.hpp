// Shows bytes to libsndfile, which asks for them piece by piece, with other bytes in places where
// libsndfile would believe a header.
#pragma once

#include <sndfile.h>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "datasets/audio/audio_bytes.hpp"

namespace edgeval::data {

// The bytes that are shown in the place of the file's own from `at` on.
struct Patch {
  std::uint64_t at = 0;
  std::string bytes = {};
};

class AudioStream {
 public:
  // `bytes` and this object must outlive what open() returns. The patches must be in ascending
  // order and must not overlap.
  AudioStream(AudioBytes& bytes, std::vector<Patch> patches)
      : bytes_(bytes), patches_(std::move(patches)) {}

  // Opens the bytes for reading. Returns null when libsndfile cannot open them.
  SNDFILE* open(SF_INFO& info);

  // Throws again what went wrong while libsndfile was reading. It must be called after every call
  // of libsndfile's functions, through which no exception can pass.
  void expect_read() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  sf_count_t seek(sf_count_t offset, int whence);
  sf_count_t read(char* to, sf_count_t count) noexcept;

  AudioBytes& bytes_;
  std::vector<Patch> patches_;
  sf_count_t at_ = 0;
  std::exception_ptr failure_;
};

}  // namespace edgeval::data
