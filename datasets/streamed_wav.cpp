#include "datasets/streamed_wav.hpp"

#include <algorithm>
#include <cstdint>

namespace edgeval::data {
namespace {

StreamedWav& self(void* object) { return *static_cast<StreamedWav*>(object); }

}  // namespace

StreamedWav::StreamedWav(const std::filesystem::path& path, const WavData& data)
    : stream_(path, std::ios::binary), data_(data) {}

sf_count_t StreamedWav::seek(sf_count_t offset, int whence) {
  const auto size = static_cast<sf_count_t>(data_.file_size);
  const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? at_ : size;
  at_ = std::clamp<sf_count_t>(from + offset, 0, size);
  return at_;
}

sf_count_t StreamedWav::read(char* to, sf_count_t count) {
  stream_.clear();
  stream_.seekg(at_);
  stream_.read(to, count);
  const sf_count_t done = stream_.gcount();
  // The four bytes in front of the samples are their length.
  const std::uint64_t length = std::min<std::uint64_t>(data_.file_size - data_.begin, UINT32_MAX);
  for (int i = 0; i < 4; ++i) {
    const sf_count_t place = static_cast<sf_count_t>(data_.begin) - 4 + i - at_;
    if (place >= 0 && place < done)
      to[place] = static_cast<char>(length >> 8 * (data_.big_endian ? 3 - i : i));
  }
  at_ += done;
  return done;
}

SNDFILE* StreamedWav::open(SF_INFO& info) {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* object) {
    return static_cast<sf_count_t>(self(object).data_.file_size);
  };
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
