#include "datasets/text/unpacked.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <string_view>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

// What a text has used of its budget.
struct Cost {
  std::size_t bytes = 0, lines = 0;

  void add(std::string_view text) {
    bytes += text.size();
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::size_t all() const { return bytes + lines * kLineCost; }
};

using Take = std::function<bool(std::string_view)>;

// Unpacks the members of a gzip file one after the other.
class Inflater {
 public:
  Inflater() {
    // The largest window, and 16 to ask for gzip's header and checksum.
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Takes the first member from `packed` and hands its text to `take` piece by piece, until that
  // returns false. Returns false when the member is damaged or does not end.
  bool member(std::string_view& packed, const Take& take) {
    inflateReset(&stream_);
    for (;;) {
      // zlib only reads these bytes.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream_.avail_in = static_cast<uInt>(std::min(packed.size(), std::size_t{1} << 30));
      const uInt offered = stream_.avail_in;
      stream_.next_out = chunk_.data();
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      packed.remove_prefix(offered - stream_.avail_in);
      if (!take({reinterpret_cast<const char*>(chunk_.data()), chunk_.size() - stream_.avail_out}))
        return true;
      if (result == Z_STREAM_END) return true;
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result != Z_OK) return false;  // Z_BUF_ERROR: the input has ended
    }
  }

 private:
  z_stream stream_{};
  std::array<Bytef, std::size_t{1} << 16> chunk_;
};

}  // namespace

std::string read_unpacked(const std::filesystem::path& path, Pipes pipes, std::size_t budget) {
  std::string bytes = read_file(path, pipes);
  const std::string cure = concat("; a line counts ", kLineCost,
                                  " bytes beside its own; --text-budget allows more, in MiB");
  Cost cost;
  if (!bytes.starts_with("\x1F\x8B")) {
    EDGEVAL_EXPECTS(path.extension() != ".gz" || bytes.empty(), path.string(),
                    ": is not packed with gzip; rename it");
    cost.add(bytes);
    EDGEVAL_EXPECTS(cost.all() <= std::max(budget, kMostPerByte * bytes.size()), path.string(),
                    ": its ", cost.lines, " short lines take more than the budget of ",
                    budget >> 20, " MiB", cure);
    return bytes;
  }
  Inflater inflater;
  const auto unpack = [&](const Take& take) {
    for (std::string_view packed = bytes; !packed.empty() && cost.all() <= budget;)
      EDGEVAL_EXPECTS(inflater.member(packed, take), path.string(),
                      ": damaged or cut short; gzip -t tells the same");
  };
  unpack([&](std::string_view piece) {
    cost.add(piece);
    return cost.all() <= budget;
  });
  EDGEVAL_EXPECTS(cost.all() <= budget, path.string(), ": unpacks to more than the budget of ",
                  budget >> 20, " MiB", cure);
  std::string text;
  text.reserve(cost.bytes);
  unpack([&](std::string_view piece) {
    text += piece;
    return true;
  });
  return text;
}

}  // namespace edgeval::data
