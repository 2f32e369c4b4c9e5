// The bytes of an audio file, a block at a time, for whoever reads them piece by piece. Where the
// file's hash was taken, every block is one that the hash was taken of: a file that changes between
// two readings is refused, whatever its times say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace edgeval::data {

// SHA-256 of a whole file and of its blocks.
struct FileHash {
  std::string sha256;
  std::uint64_t size = 0;           // bytes of the file
  std::vector<std::string> blocks;  // none of a file that is held whole in memory
};

class AudioBytes {
 public:
  // Throws Error naming the file when it is no file, cannot be opened or is empty.
  explicit AudioBytes(const std::filesystem::path& path);
  AudioBytes(const AudioBytes&) = delete;
  ~AudioBytes();

  // Reads the whole file and holds it in memory: what is read from here on are the bytes of this
  // hash.
  FileHash hash_whole();
  // Reads the whole file and forgets it again.
  FileHash hash_blocks();
  // From here on a block that is not that of `hash`, which must outlive this, is refused.
  void expect(const FileHash& hash);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  // Copies up to `count` bytes from the place `at` on, fewer at the end of the file only.
  std::size_t read(std::uint64_t at, char* to, std::size_t count);

  // Throws the Error of a file that is not what it was before.
  [[noreturn]] void fail_as_changed() const;

 private:
  static constexpr std::uint64_t kBlock = std::uint64_t{1} << 16;

  void load(std::uint64_t at, std::uint64_t bytes);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  const FileHash* hash_ = nullptr;
  std::string block_;        // what lies in memory,
  std::uint64_t begin_ = 0;  // from this place of the file on
};

}  // namespace edgeval::data
