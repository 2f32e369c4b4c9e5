#include "datasets/audio/audio_kind.hpp"

#include <sndfile.h>

#include <algorithm>

namespace edgeval::data {
namespace {

constexpr std::string_view kFlac = "fLaC", kTags = "ID3";
constexpr std::string_view kMpeg = "MPEG audio, such as MP3";

std::string bytes_at(AudioBytes& bytes, std::uint64_t at, std::size_t count) {
  std::string text(count, '\0');
  text.resize(bytes.read(at, text.data(), count));
  return text;
}

// Returns where the file begins behind its ID3 tags, which libsndfile passes over. A tag has a head
// of ten bytes, the last four of which hold seven bits each of the length of what follows.
std::uint64_t behind_tags(AudioBytes& bytes) {
  constexpr std::size_t kHead = 10;
  std::uint64_t at = 0;
  for (std::string head = bytes_at(bytes, 0, kHead);
       head.size() == kHead && head.starts_with(kTags); head = bytes_at(bytes, at, kHead)) {
    std::uint64_t length = 0;
    for (std::size_t i = 6; i < kHead; ++i)
      length = length << 7 | (static_cast<unsigned char>(head[i]) & 0x7F);
    at += kHead + length;
  }
  return at;
}

// Whether a frame of MPEG begins here: eleven bits that are set, two of the version and two of the
// layer, each of which has one value that stands for none. The library with which libsndfile reads
// such files prints to the terminal.
bool is_frame_of_mpeg(std::string_view head) {
  if (head.size() < 4) return false;
  const auto second = static_cast<unsigned char>(head[1]);
  return static_cast<unsigned char>(head[0]) == 0xFF && (second & 0xE0) == 0xE0 &&
         (second & 0x18) != 0x08 && (second & 0x06) != 0;
}

}  // namespace

std::optional<std::string_view> kind_of_head(std::string_view head) {
  using namespace std::string_view_literals;
  struct Kind {
    std::string_view mark;
    std::string_view form;  // at byte 8
    std::string_view name;
  };
  static constexpr Kind kKinds[] = {{"RIFF", "WAVE", ""},
                                    {"RIFX", "WAVE", ""},
                                    {"RF64", "WAVE", ""},
                                    {kFlac, "", ""},
                                    {"OggS", "", ""},
                                    {kTags, "", kMpeg},
                                    {"\xFF\xFB", "", kMpeg},
                                    {"\xFF\xF3", "", kMpeg},
                                    {"FORM", "AIFF", "AIFF"},
                                    {"FORM", "AIFC", "AIFF"},
                                    {".snd\0"sv, "", "AU"},
                                    {"caff\0"sv, "", "CAF"},
                                    {"riff\x2E\x91\xCF\x11", "", "W64"},
                                    {"NIST_1A\n", "", "WAV (NIST Sphere)"}};
  const std::string_view form = head.substr(std::min<std::size_t>(8, head.size()));
  for (const Kind& kind : kKinds)
    if (head.starts_with(kind.mark) && form.starts_with(kind.form)) return kind.name;
  return std::nullopt;
}

std::optional<std::string_view> kind_of(AudioBytes& bytes) {
  const std::string head = bytes_at(bytes, 0, 12);
  if (head.starts_with(kTags) && bytes_at(bytes, behind_tags(bytes), kFlac.size()) == kFlac)
    return "";
  return is_frame_of_mpeg(head) ? kMpeg : kind_of_head(head);
}

std::uint32_t sample_bytes(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_ULAW:
    case SF_FORMAT_ALAW:
      return 1;
    case SF_FORMAT_PCM_16:
      return 2;
    case SF_FORMAT_PCM_24:
      return 3;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
      return 4;
    case SF_FORMAT_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

std::string unchecked_name(int format) {
  const int container = format & SF_FORMAT_TYPEMASK, samples = format & SF_FORMAT_SUBMASK;
  const bool is_wav =
      container == SF_FORMAT_WAV || container == SF_FORMAT_WAVEX || container == SF_FORMAT_RF64;
  if (container == SF_FORMAT_FLAC || (is_wav && sample_bytes(format) > 0)) return "";
  if (container == SF_FORMAT_OGG && (samples == SF_FORMAT_VORBIS || samples == SF_FORMAT_OPUS))
    return "";
  const auto name_of = [](int what) {
    SF_FORMAT_INFO info{};
    info.format = what;
    const bool known = sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) == 0;
    return std::string(known && info.name != nullptr ? info.name : "of an unknown format");
  };
  return name_of(container) + (is_wav ? " in " + name_of(samples) : "");
}

std::optional<FlacLength> find_flac_length(AudioBytes& bytes) {
  // After the mark come a block's type and length (4 bytes), the sizes of blocks and frames (10),
  // and the rate, the channels and the bits of a sample (28 bits).
  constexpr std::uint64_t kPlace = 4 + 4 + 10 + 3;
  const std::uint64_t begin = behind_tags(bytes);
  const std::string head = bytes_at(bytes, begin, kPlace + 5);
  if (head.size() < kPlace + 5 || !head.starts_with(kFlac)) return std::nullopt;
  FlacLength length{.at = begin + kPlace};
  for (std::size_t i = kPlace; i < head.size(); ++i)
    length.samples = length.samples << 8 | static_cast<unsigned char>(head[i]);
  length.beside = static_cast<unsigned char>(head[kPlace]) & 0xF0;
  length.samples &= (Index{1} << 36) - 1;
  return length;
}

}  // namespace edgeval::data
