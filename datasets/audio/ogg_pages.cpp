#include "datasets/audio/ogg_pages.hpp"

#include <array>
#include <numeric>
#include <string_view>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

constexpr std::string_view kMark = "OggS";
constexpr std::size_t kPageHead = 27;  // bytes of a page in front of its table of lengths
constexpr std::size_t kFlags = 5, kSerial = 14, kNumber = 18, kCrc = 22, kSegments = 26;
constexpr unsigned char kLast = 4;  // flag of the last page

// The table of Ogg's CRC-32: polynomial 0x04C11DB7, highest bit first, initial value 0.
constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i << 24;
    for (int bit = 0; bit < 8; ++bit)
      value = value << 1 ^ ((value & 0x80000000) != 0 ? 0x04C11DB7 : 0);
    table[i] = value;
  }
  return table;
}

std::uint32_t crc_of(std::string_view page) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = 0;
  for (const char c : page) crc = crc << 8 ^ kTable[crc >> 24 ^ static_cast<unsigned char>(c)];
  return crc;
}

std::uint32_t number_at(std::string_view page, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(page[at + i])) << 8 * i;
  return number;
}

// Returns the page that begins at `at`; empty where there is none or it does not end within the
// file.
std::string page_at(AudioBytes& bytes, std::uint64_t at) {
  std::string page(kPageHead, '\0');
  if (bytes.read(at, page.data(), kPageHead) < kPageHead || !page.starts_with(kMark)) return "";
  const auto segments = static_cast<unsigned char>(page[kSegments]);
  std::array<unsigned char, 255> lengths{};
  if (bytes.read(at + kPageHead, reinterpret_cast<char*>(lengths.data()), segments) < segments)
    return "";
  const std::size_t size =
      kPageHead + segments + std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  page.resize(size);
  return bytes.read(at, page.data(), size) < size ? "" : page;
}

bool is_right(std::string page) {
  const std::uint32_t crc = number_at(page, kCrc);
  page.replace(kCrc, 4, 4, '\0');
  return crc_of(page) == crc;
}

}  // namespace

void expect_whole_ogg(AudioBytes& bytes) {
  constexpr const char* kCure = "; ffmpeg makes a WAV file of what is left of it";
  const std::string path = bytes.path().string();
  std::string page = page_at(bytes, 0);
  std::array<char, kMark.size()> mark{};
  if (bytes.read(0, mark.data(), mark.size()) < mark.size() ||
      std::string_view(mark.data(), mark.size()) != kMark)
    return;
  const std::uint32_t serial = page.empty() ? 0 : number_at(page, kSerial);
  std::uint32_t wanted = page.empty() ? 0 : number_at(page, kNumber);
  bool last = false;
  for (std::uint64_t at = 0; at < bytes.size(); page = page_at(bytes, at)) {
    EDGEVAL_EXPECTS(!page.empty() && is_right(page), path,
                    ": cut off or damaged: no whole page of Ogg begins at byte ", at, kCure);
    EDGEVAL_EXPECTS(number_at(page, kSerial) == serial, path,
                    ": holds several streams, of which one would be read; another begins at byte ",
                    at, "; make one file of each with ffmpeg");
    EDGEVAL_EXPECTS(number_at(page, kNumber) == wanted, path, ": damaged: page ", wanted,
                    " of Ogg is missing at byte ", at, kCure);
    ++wanted;
    last = (page[kFlags] & kLast) != 0;
    at += page.size();
  }
  EDGEVAL_EXPECTS(last, path, ": cut off: its last page of Ogg does not say that it is the last",
                  kCure);
}

}  // namespace edgeval::data
