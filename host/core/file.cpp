#include "host/core/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"

namespace edgeval {
namespace {

// Length of the UTF-8 sequence at the start of `bytes`, 0 when there is none (RFC 3629, table 3-7
// of Unicode).
std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < bytes.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, Pipes pipes) {
  std::error_code error;
  EDGEVAL_EXPECTS(std::filesystem::exists(path, error), path.string(), ": no such file");
  EDGEVAL_EXPECTS(!std::filesystem::is_directory(path, error), path.string(),
                  ": is a folder, a file is wanted");
  const bool pipe = pipes == Pipes::kWelcome && std::filesystem::is_fifo(path, error);
  EDGEVAL_EXPECTS(pipe || std::filesystem::is_regular_file(path, error), path.string(),
                  ": is a device or pipe, a file is wanted");
  std::ifstream stream(path, std::ios::binary);
  EDGEVAL_EXPECTS(stream, path.string(), ": cannot be opened: ", std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  EDGEVAL_EXPECTS(!stream.bad(), path.string(), ": cannot be read");
  return bytes;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

void expect_utf8(std::string_view bytes, const std::filesystem::path& path) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = utf8_length(bytes.substr(i));
    EDGEVAL_EXPECTS(
        length > 0, path.string(), ":",
        1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i), '\n'),
        ": not UTF-8; convert the file, for instance with iconv -t UTF-8");
    i += length;
  }
}

}  // namespace edgeval
