// A file is a Header and then the values, as little-endian 32-bit floats [frames, columns]. The
// checksum is a CRC-32, which is faster than a SHA-256 and finds what a disk or a torn write does.
#include "datasets/audio/feature_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "datasets/audio/features.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little,
              "entries are read and written as little-endian numbers");

constexpr std::uint32_t kFormatVersion = 1;

struct Header {
  std::array<char, 8> magic{'e', 'd', 'g', 'e', 'f', 'e', 'a', 't'};
  std::uint32_t version = kFormatVersion;
  std::uint32_t checksum = 0;  // CRC-32 of the values
  std::uint64_t frames = 0;
  std::uint64_t columns = 0;
  std::array<char, 64> key{};  // SHA-256 in lower-case hexadecimal, as in the file's name

  bool operator==(const Header&) const = default;
};
static_assert(sizeof(Header) == 96, "a header has no gaps");

Header header_of(const std::string& key, Index frames, Index columns, std::uint32_t checksum) {
  Header header;
  header.checksum = checksum;
  header.frames = static_cast<std::uint64_t>(frames);
  header.columns = static_cast<std::uint64_t>(columns);
  std::memcpy(header.key.data(), key.data(), header.key.size());
  return header;
}

std::string_view bytes_of(const Matrix<float>& features) {
  return {reinterpret_cast<const char*>(features.data()),
          static_cast<std::size_t>(features.size()) * sizeof(float)};
}

std::uint32_t checksum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// A file of a known size in memory, which cannot be written through it. Its bytes are null when
// there is no such file, or when it has another size or cannot be read.
class MappedFile {
 public:
  MappedFile(const fs::path& path, std::size_t size) : size_(size) {
    // Opening must not wait for a writer where a pipe has the file's name.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return;
    struct stat status {};
    if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        static_cast<std::uint64_t>(status.st_size) == size)
      map(descriptor);
    ::close(descriptor);
  }
  MappedFile(const MappedFile&) = delete;
  ~MappedFile() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
  }

  const char* bytes() const { return static_cast<const char*>(bytes_); }

 private:
  void map(int descriptor) {
    void* const bytes = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) return;
    bytes_ = bytes;
#ifdef MADV_POPULATE_READ
    // Reads all pages now. A page that the disk cannot give, or that another process has cut off,
    // is then an error here, and not a signal that ends the process when it is touched. Kernels
    // before 5.14 do not know the call.
    int result = 0;
    do result = ::madvise(bytes_, size_, MADV_POPULATE_READ);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINVAL) {
      ::munmap(bytes_, size_);
      bytes_ = nullptr;
    }
#endif
  }

  std::size_t size_;
  void* bytes_ = nullptr;
};

// These put a value into the text of a key so that different values never give the same text. A
// number of floating point is there with all its bits.
void add(std::string& text, std::string_view value) {
  text += concat(value.size(), ':', value, '\n');
}
void add(std::string& text, const std::string& value) { add(text, std::string_view(value)); }
void add(std::string& text, Index value) { text += concat(value, '\n'); }
void add(std::string& text, int value) { add(text, Index{value}); }
void add(std::string& text, double value) {
  text += concat(std::bit_cast<std::uint64_t>(value), '\n');
}
void add(std::string& text, const std::optional<double>& value) {
  if (value)
    add(text, *value);
  else
    text += "none\n";
}
void add(std::string& text, const Splice& splice) {
  const auto& [before, after] = splice;
  add(text, before);
  add(text, after);
}

template <class... Values>
void add_all(std::string& text, const Values&... values) {
  (add(text, values), ...);
}

std::string settings_of(const FrontendConfig& frontend) {
  // This does not compile when a field is added to FrontendConfig and forgotten here.
  const auto& [type, sample_rate, frame_ms, shift_ms, mel_bins, low_hz, high_hz, preemphasis,
               window, dither, cmvn, cmvn_epsilon, deltas, delta_window, cepstra, lifter, splice,
               subsample] = frontend;
  std::string text;
  add_all(text, kFeatureVersion, decoder_version(), type, sample_rate, frame_ms, shift_ms, mel_bins,
          low_hz, high_hz, preemphasis, window, dither, cmvn, cmvn_epsilon, deltas, delta_window,
          cepstra, lifter, splice, subsample);
  return text;
}

// Returns the absolute path that the variable holds, else an empty one.
fs::path absolute_path_in(const char* variable) {
  const char* const value = std::getenv(variable);
  const fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path();
}

}  // namespace

FeatureCache::FeatureCache(fs::path folder, const FrontendConfig& frontend)
    : folder_(std::move(folder)), settings_(settings_of(frontend)), columns_(frontend.features()) {}

std::string FeatureCache::key_of(const FeatureSource& source) const {
  std::string text = settings_;
  add_all(text, source.sha256, source.part.offset, source.part.duration,
          static_cast<int>(source.kinds), source.samples);
  return edgeval::sha256(text);
}

fs::path FeatureCache::file_of_key(const std::string& key) const {
  return folder_ / key.substr(0, 2) / key;
}

fs::path FeatureCache::file_of(const FeatureSource& source) const {
  return file_of_key(key_of(source));
}

std::optional<Matrix<float>> FeatureCache::find(const FeatureSource& source, Index frames) const {
  const std::string key = key_of(source);
  const auto size = static_cast<std::size_t>(frames * columns_) * sizeof(float);
  const MappedFile file(file_of_key(key), sizeof(Header) + size);
  if (file.bytes() == nullptr) return std::nullopt;
  Header header;
  std::memcpy(&header, file.bytes(), sizeof(Header));
  if (header != header_of(key, frames, columns_, header.checksum)) return std::nullopt;
  // The copy is checked, not the file, which others may change meanwhile.
  Matrix<float> features(frames, columns_);
  std::memcpy(features.data(), file.bytes() + sizeof(Header), size);
  if (checksum_of(bytes_of(features)) != header.checksum) return std::nullopt;
  return features;
}

void FeatureCache::keep(const FeatureSource& source, const Matrix<float>& features) noexcept {
  if (failed_) return;
  try {
    const std::string key = key_of(source);
    const std::string_view values = bytes_of(features);
    const Header header = header_of(key, features.rows(), features.cols(), checksum_of(values));
    std::string contents(reinterpret_cast<const char*>(&header), sizeof(Header));
    contents += values;
    write_file(file_of_key(key), contents, Sync::kNone);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void FeatureCache::fail(const char* why) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    note_ = concat("features are not kept for later runs: ", why,
                   "; free the place, name another folder with --cache, or give --no-cache");
  } catch (const std::exception&) {  // memory does not suffice for the note
  }
}

std::string FeatureCache::note() const {
  const std::lock_guard lock(mutex_);
  return note_;
}

fs::path default_feature_folder() {
  if (const fs::path cache = absolute_path_in("XDG_CACHE_HOME"); !cache.empty())
    return cache / "edgeval" / "features";
  if (const fs::path home = absolute_path_in("HOME"); !home.empty())
    return home / ".cache" / "edgeval" / "features";
  return {};
}

}  // namespace edgeval::data
