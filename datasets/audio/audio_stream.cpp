#include "datasets/audio/audio_stream.hpp"

#include <algorithm>

namespace edgeval::data {
namespace {

AudioStream& self(void* object) { return *static_cast<AudioStream*>(object); }

}  // namespace

sf_count_t AudioStream::seek(sf_count_t offset, int whence) {
  const auto size = static_cast<sf_count_t>(bytes_.size());
  const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? at_ : size;
  at_ = from + std::clamp<sf_count_t>(offset, -from, size - from);  // a header may give any offset
  return at_;
}

sf_count_t AudioStream::read(char* to, sf_count_t count) noexcept {
  if (failure_ || count <= 0) return 0;
  const auto at = static_cast<std::uint64_t>(at_);
  std::size_t done = 0;
  try {
    done = bytes_.read(at, to, static_cast<std::size_t>(count));
  } catch (...) {
    failure_ = std::current_exception();
  }
  const auto end_of = [](const Patch& patch) { return patch.at + patch.bytes.size(); };
  for (auto patch = std::ranges::upper_bound(patches_, at, {}, end_of);
       patch != patches_.end() && patch->at < at + done; ++patch)
    for (std::size_t i = 0; i < patch->bytes.size(); ++i) {
      const std::uint64_t place = patch->at + i;
      if (place >= at && place - at < done) to[place - at] = patch->bytes[i];
    }
  at_ += static_cast<sf_count_t>(done);
  return static_cast<sf_count_t>(done);
}

SNDFILE* AudioStream::open(SF_INFO& info) {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* object) { return static_cast<sf_count_t>(self(object).bytes_.size()); };
  io.seek = [](sf_count_t offset, int whence, void* object) {
    return self(object).seek(offset, whence);
  };
  io.read = [](void* to, sf_count_t count, void* object) {
    return self(object).read(static_cast<char*>(to), count);
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* object) { return self(object).at_; };
  return sf_open_virtual(&io, SFM_READ, &info, this);
}

}  // namespace edgeval::data
