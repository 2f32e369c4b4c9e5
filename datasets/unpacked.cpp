#include "datasets/unpacked.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

// Unpacks one member of a gzip file after the other.
class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly =
        15 + 16;  // the largest window; 16 asks for gzip's header and checksum
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Moves the first member from `packed` to the end of `text`; false when it is damaged or does not
  // end.
  bool member(std::string_view& packed, std::string& text, std::size_t largest) {
    inflateReset(&stream_);
    while (text.size() <= largest) {
      stream_.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib reads it only
      stream_.avail_in = static_cast<uInt>(std::min(packed.size(), std::size_t{1} << 30));
      const uInt offered = stream_.avail_in;
      stream_.next_out = chunk_.data();
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      text.append(reinterpret_cast<const char*>(chunk_.data()), chunk_.size() - stream_.avail_out);
      packed.remove_prefix(offered - stream_.avail_in);
      if (result == Z_STREAM_END) return true;
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result != Z_OK) return false;  // Z_BUF_ERROR: the input has ended
    }
    return true;
  }

 private:
  z_stream stream_{};
  std::array<Bytef, std::size_t{1} << 16> chunk_;
};

}  // namespace

std::string read_unpacked(const std::filesystem::path& path, Pipes pipes, std::size_t largest) {
  std::string bytes = read_file(path, pipes);
  if (!bytes.starts_with("\x1F\x8B")) {
    EDGEVAL_EXPECTS(path.extension() != ".gz" || bytes.empty(), path.string(),
                    ": is not packed with gzip; rename it");
    return bytes;
  }
  std::string text;
  Inflater inflater;
  for (std::string_view packed = bytes; !packed.empty();) {
    EDGEVAL_EXPECTS(inflater.member(packed, text, largest), path.string(),
                    ": damaged or cut short; gzip -t tells the same");
    EDGEVAL_EXPECTS(text.size() <= largest, path.string(), ": unpacks to more than ", largest,
                    " bytes");
  }
  return text;
}

}  // namespace edgeval::data
