// Files that are read whole, their hash and their encoding. new_file.hpp has those that are
// written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval {

enum class Pipes { kRefused, kWelcome };

// The file's bytes. Throws Error, naming the file, when it cannot be opened or is a device or
// (unless they are welcome) a pipe: reading one may never end. Throws std::runtime_error, naming it
// too, when the disk or the memory fails.
std::string read_file(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused);

// The same of a file of at most `most` bytes; throws Error, naming it, when it has more, before it
// is read.
std::string read_small_file(const std::filesystem::path& path, std::size_t most);

// SHA-256 in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

// Throws Error, naming the file and the line, when the bytes are not UTF-8.
void expect_utf8(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
