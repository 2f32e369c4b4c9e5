// Reads whole files, and gives their hash and checks their encoding. new_file.hpp writes files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval {

enum class Pipes { kRefused, kWelcome };

// Returns the bytes of the file. Throws Error, naming the file, when it cannot be opened, is a
// device or (unless pipes are welcome) a pipe, since reading one may never end, or when it has more
// than `most` bytes, in which case nothing is returned. Throws std::runtime_error, naming the file
// too, when the disk or the memory fails.
std::string read_file(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused,
                      std::size_t most = std::string().max_size());

// Returns the SHA-256 of the bytes in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

// Throws Error, naming the file and the line, when the bytes are not UTF-8.
void expect_utf8(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
