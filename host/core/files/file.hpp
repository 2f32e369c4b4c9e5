// Files that are read whole, their hash and their encoding. new_file.hpp has those that are
// written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval {

enum class Pipes { kRefused, kWelcome };

// The file's bytes. Throws Error, naming the file, when it cannot be opened, is a device or (unless
// they are welcome) a pipe, since reading one may never end, or has more than `most` bytes, of
// which none is read then. Throws std::runtime_error, naming it too, when the disk or the memory
// fails.
std::string read_file(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused,
                      std::size_t most = std::string().max_size());

// SHA-256 in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

// Throws Error, naming the file and the line, when the bytes are not UTF-8.
void expect_utf8(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
