// What the fuzz targets share. A target gives bytes to a reader; the reader may take them or refuse
// them with an edgeval::Error. Whatever else leaves it ends the program and is a finding: another
// exception, a signal, what a sanitizer says, too much memory or time (tests/fuzz/README.md).
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"

// The functions libFuzzer calls; a program that replays all targets gives them names of their own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// A function of libFuzzer: changes bytes in place and returns their new number, at most `most`.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace edgeval::fuzz {

inline std::string_view bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Runs `read` and returns whether it took its input. A refusal must be one line that is not empty.
template <class Read>
bool takes(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (error.what()[0] == '\0') std::abort();
    return false;
  }
}

// Checks an invariant of what was read.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// A file in memory, for readers that want a path. It exists as long as the object.
class File {
 public:
  explicit File(std::string_view bytes) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    expect(descriptor_ >= 0, "a file in memory can be made");
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      expect(written > 0, "a file in memory can be written");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  File(const File&) = delete;
  ~File() { ::close(descriptor_); }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// Splits an input that stands for two texts at the byte 0x1E.
inline std::pair<std::string_view, std::string_view> halves(std::string_view input) {
  const std::size_t middle = input.find('\x1E');
  if (middle == std::string_view::npos) return {input, input};
  return {input.substr(0, middle), input.substr(middle + 1)};
}

inline std::filesystem::path source_folder() { return EDGEVAL_SOURCE_FOLDER; }

inline std::string source_file(const std::string& name) {
  return read_file(source_folder() / name);
}

}  // namespace edgeval::fuzz
