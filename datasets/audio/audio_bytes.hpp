// The bytes of an audio file, in blocks, for callers that read them piece by piece. Once the hash
// of the file was taken, every block must be one from which it was taken: a file that changes
// between two readings is refused, whatever its times say.
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
  std::vector<std::string> blocks;  // empty for a file that is held whole in memory
};

class AudioBytes {
 public:
  // Throws Error naming the file when it is no file, cannot be opened or is empty.
  explicit AudioBytes(const std::filesystem::path& path);
  AudioBytes(const AudioBytes&) = delete;
  ~AudioBytes();

  // Reads the whole file, holds it in memory and returns its hash. All later reads return
  // the bytes of this hash.
  FileHash hash_whole();
  // Reads the whole file, returns its hash and forgets the bytes.
  FileHash hash_blocks();
  // From now on refuses a block that is not the one of `hash`, which must outlive this object.
  void expect(const FileHash& hash);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  // Copies up to `count` bytes from the place `at` on, and fewer only at the end of the file.
  // Returns how many.
  std::size_t read(std::uint64_t at, char* to, std::size_t count);

  // Throws the Error for a file that has changed.
  [[noreturn]] void fail_as_changed() const;

 private:
  static constexpr std::uint64_t kBlock = std::uint64_t{1} << 16;

  void load(std::uint64_t at, std::uint64_t bytes);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  const FileHash* hash_ = nullptr;
  // The bytes in memory, and the place in the file from which they come.
  std::string block_;
  std::uint64_t begin_ = 0;
};

}  // namespace edgeval::data
