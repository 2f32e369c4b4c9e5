#include "datasets/text/file_kind.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>

#include "datasets/audio/audio_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval::data {
namespace {

// A safetensors file begins with the length of its header, little-endian, and the header's brace.
bool is_safetensors(std::string_view head) {
  constexpr std::size_t kLength = 8;
  return head.size() > kLength && head[kLength] == '{' && head[kLength - 1] == '\0';
}

}  // namespace

std::string head_of(const std::filesystem::path& path, std::size_t most) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return "";
  std::ifstream stream(path, std::ios::binary);
  std::string head(std::min<std::uintmax_t>(most, std::filesystem::file_size(path, ignored)), '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  return head;
}

std::string binary_kind(std::string_view head) {
  using namespace std::string_view_literals;
  if (kind_of_head(head)) return "an audio file";
  if (is_safetensors(head)) return "a model file (safetensors)";
  if (head.starts_with("PK\x03\x04"sv)) return "a zip archive, such as a PyTorch checkpoint";
  if (head.starts_with("\x80\x02"sv)) return "a pickle, such as an old PyTorch checkpoint";
  if (head.starts_with("\x1F\x8B"sv)) return "packed with gzip";
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return "a tar archive";
  return "";
}

bool is_speech_manifest(std::string_view head) {
  const std::string_view text = trimmed(without_mark(head));
  if (!text.starts_with('{')) return false;
  try {
    return parse_json(text.substr(0, text.find('\n')), "").contains("audio_filepath");
  } catch (const Error&) {
    return false;
  }
}

void expect_kind(const std::filesystem::path& path, const std::string& wanted) {
  const std::string kind = binary_kind(head_of(path, 512));
  EDGEVAL_EXPECTS(kind.empty(), path.string(), ": is ", kind, "; ", wanted);
}

}  // namespace edgeval::data
