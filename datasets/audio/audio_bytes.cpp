#include "datasets/audio/audio_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/sha256.hpp"

namespace edgeval::data {

AudioBytes::AudioBytes(const std::filesystem::path& path) : path_(path) {
  // Opening must not wait for a writer where a pipe has taken the file's place.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const bool is_missing = descriptor < 0 && (errno == ENOENT || errno == ENOTDIR);
  EDGEVAL_EXPECTS(!is_missing, path.string(), ": no such audio file");
  if (descriptor < 0) throw_system_error(path.string(), "cannot be opened", errno);
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  const char* problem = !known                     ? ": cannot be opened"
                        : S_ISDIR(status.st_mode)  ? ": a folder, not an audio file"
                        : !S_ISREG(status.st_mode) ? ": is a device or pipe, a file is wanted"
                        : status.st_size == 0      ? ": the file is empty"
                                                   : nullptr;
  if (problem != nullptr) ::close(descriptor);
  EDGEVAL_EXPECTS(problem == nullptr, path.string(), problem);
  descriptor_ = descriptor;
  size_ = static_cast<std::uint64_t>(status.st_size);
}

AudioBytes::~AudioBytes() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AudioBytes::fail_as_changed() const {
  throw Error(concat(path_.string(), ": changed while it was being read"));
}

void AudioBytes::load(std::uint64_t at, std::uint64_t bytes) {
  block_.clear();
  block_.resize(bytes);
  begin_ = at;
  for (std::uint64_t done = 0; done < bytes;) {
    const ssize_t got =
        ::pread(descriptor_, block_.data() + done, bytes - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error(path_.string(), "cannot be read", errno);
    if (got == 0) fail_as_changed();  // the file was longer before
    done += static_cast<std::uint64_t>(got);
  }
  if (hash_ != nullptr && sha256(block_) != hash_->blocks[at / kBlock]) fail_as_changed();
}

FileHash AudioBytes::hash_whole() {
  load(0, size_);
  return {sha256(block_), size_, {}};
}

FileHash AudioBytes::hash_blocks() {
  FileHash hash{.sha256 = {}, .size = size_, .blocks = {}};
  Sha256 whole;
  for (std::uint64_t at = 0; at < size_; at += kBlock) {
    load(at, std::min(kBlock, size_ - at));
    whole.add(block_);
    hash.blocks.push_back(sha256(block_));
  }
  hash.sha256 = whole.finish();
  return hash;
}

void AudioBytes::expect(const FileHash& hash) {
  if (size_ != hash.size) fail_as_changed();
  hash_ = &hash;
  block_.clear();
}

std::size_t AudioBytes::read(std::uint64_t at, char* to, std::size_t count) {
  std::size_t done = 0;
  while (done < count && at < size_) {
    if (at < begin_ || at - begin_ >= block_.size()) {
      const std::uint64_t begin = at / kBlock * kBlock;
      load(begin, std::min(kBlock, size_ - begin));
    }
    const std::size_t here = std::min<std::size_t>(count - done, begin_ + block_.size() - at);
    std::memcpy(to + done, block_.data() + (at - begin_), here);
    done += here;
    at += here;
  }
  return done;
}

}  // namespace edgeval::data
