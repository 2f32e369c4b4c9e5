// Files: read whole, written whole. A written file appears under its name complete or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace edgeval {

enum class Pipes { kRefused, kWelcome };

// The file's bytes. Throws Error, naming the file, when it cannot be opened or read, or is a device
// or (unless they are welcome) a pipe: reading one may never end.
std::string read_file(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused);

// Writes to a temporary file in the same folder, syncs it to disk and renames it over `path`; makes
// the folder when it is missing. Throws Error when the place cannot be written to,
// std::runtime_error when the disk fails; then the old file is untouched and the temporary one
// removed.
void write_file(const std::filesystem::path& path, std::string_view contents);

// Throws the Error that write_file would, ahead of the work whose result it will write. Makes the
// folder.
void expect_writable(const std::filesystem::path& path);

// SHA-256 in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

// Throws Error, naming the file and the line, when the bytes are not UTF-8.
void expect_utf8(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
