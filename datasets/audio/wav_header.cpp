#include "datasets/audio/wav_header.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

// From this length on a length means "unknown". sox writes this one, ffmpeg 2^32 - 1.
constexpr std::uint32_t kOpenEnd = 0x7FFFF000;
// The most chunks of a file that is not damaged; usual files have a handful.
constexpr std::size_t kMostChunks = 10'000;
constexpr std::uint64_t kChunkHead = 8;                  // bytes of a chunk's id and length
constexpr std::uint64_t kMost = std::uint64_t{1} << 62;  // bytes, more than any file has

struct Chunk {
  std::array<char, 4> id{};
  std::uint32_t size = 0;

  std::string_view name() const { return {id.data(), id.size()}; }
  bool is(std::string_view other) const { return name() == other; }
  bool has_name() const {
    return std::ranges::all_of(id, [](char c) { return c >= ' ' && c <= '~'; });
  }
};

struct File {
  AudioBytes& all;
  std::uint64_t size = 0;
  bool big_endian = false;

  std::optional<Chunk> chunk_at(std::uint64_t at) {
    std::array<unsigned char, kChunkHead> bytes;
    if (all.read(at, reinterpret_cast<char*>(bytes.data()), kChunkHead) < kChunkHead)
      return std::nullopt;
    Chunk chunk;
    std::copy_n(bytes.begin(), 4, chunk.id.begin());
    for (std::size_t i = 0; i < 4; ++i)
      chunk.size |= static_cast<std::uint32_t>(bytes[4 + i]) << 8 * (big_endian ? 3 - i : i);
    return chunk;
  }

  // Returns a little-endian number of 64 bits, or 0 where the file has ended.
  std::uint64_t number_at(std::uint64_t at) {
    const std::optional<Chunk> number = chunk_at(at);
    if (!number) return 0;
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < 4; ++i)
      low |= std::uint64_t{static_cast<unsigned char>(number->id[i])} << 8 * i;
    return std::uint64_t{number->size} << 32 | low;
  }
};

// A chunk of odd length is followed by a byte of padding.
std::uint64_t padded(std::uint64_t size) { return size + size % 2; }

// Returns the chunks that fill the file from `at` on, at whose end less than a chunk's head may be
// left over; returns none where other bytes are among them.
std::optional<std::vector<std::uint64_t>> chunks_from(File& file, std::uint64_t at) {
  std::vector<std::uint64_t> chunks;
  while (at + kChunkHead <= file.size) {
    const std::optional<Chunk> chunk = file.chunk_at(at);
    if (chunks.size() == kMostChunks || !chunk || !chunk->has_name() ||
        at + kChunkHead + chunk->size > file.size)
      return std::nullopt;
    chunks.push_back(at);
    at += kChunkHead + padded(chunk->size);
  }
  return chunks;
}

// `is_long` is set for RF64, in which no length stands for "unknown".
WavData wav_data(File& file, std::uint64_t begin, std::uint64_t says, std::uint32_t riff_says,
                 bool is_long) {
  WavData data{.begin = begin, .says = says, .file_size = file.size, .big_endian = file.big_endian};
  const std::uint64_t behind = begin + says;
  // libsndfile takes a RIFF length of 8 for that of a file that was never closed.
  const bool riff_is_open = riff_says == 0 || riff_says == 8 || riff_says >= kOpenEnd;
  data.is_stream =
      !is_long && ((says >= kOpenEnd && behind > file.size) || (says == 0 && riff_is_open));
  if (data.is_stream || behind >= file.size) return data;
  std::optional<std::vector<std::uint64_t>> chunks = chunks_from(file, begin + padded(says));
  // Some programs leave the padding out.
  if (!chunks && says % 2 == 1) chunks = chunks_from(file, behind);
  if (chunks)
    data.other_chunks = std::move(*chunks);
  else
    data.stray_bytes = file.size - behind;
  return data;
}

// Whether the chunk says how the audio is written or how long it is.
bool describes_audio(const Chunk& chunk) {
  return chunk.is("fmt ") || chunk.is("fact") || chunk.is("ds64");
}

}  // namespace

std::optional<WavData> find_wav_data(AudioBytes& bytes) {
  File file{bytes, bytes.size()};
  std::optional<Chunk> riff = file.chunk_at(0);
  file.big_endian = riff && riff->is("RIFX");
  if (file.big_endian) riff = file.chunk_at(0);
  const std::optional<Chunk> form = file.chunk_at(kChunkHead);
  const bool is_long = riff && riff->is("RF64");
  if (!riff || !(riff->is("RIFF") || riff->is("RIFX") || is_long) || !form || !form->is("WAVE"))
    return std::nullopt;
  const std::string refused = bytes.path().string() + ": not a readable audio file: ";
  std::vector<std::uint64_t> others;
  std::uint64_t at = kChunkHead + 4, long_says = 0;
  for (std::size_t seen = 0; seen < kMostChunks && at + kChunkHead <= file.size; ++seen) {
    const std::optional<Chunk> chunk = file.chunk_at(at);
    if (!chunk || !chunk->has_name()) break;
    // The length of the data follows that of the file.
    if (is_long && chunk->is("ds64"))
      long_says = std::min(file.number_at(at + kChunkHead + 8), kMost);
    if (chunk->is("data")) {
      const bool says_long = is_long && chunk->size == UINT32_MAX;
      EDGEVAL_EXPECTS(!says_long || long_says > 0, refused, "no ds64 chunk says how long it is");
      WavData data =
          wav_data(file, at + kChunkHead, says_long ? long_says : chunk->size, riff->size, is_long);
      data.other_chunks.insert(data.other_chunks.begin(), others.begin(), others.end());
      return data;
    }
    const std::uint64_t left = file.size - at - kChunkHead;
    EDGEVAL_EXPECTS(chunk->size <= left, bytes.path().string(), ": cut off or damaged: its ",
                    chunk->name(), " chunk says ", chunk->size, " bytes, ", left, " are there");
    if (!describes_audio(*chunk)) others.push_back(at);
    at += kChunkHead + padded(chunk->size);
  }
  throw Error(concat(refused, "its chunks lead to no data chunk"));
}

}  // namespace edgeval::data
