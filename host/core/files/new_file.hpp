// Writes files so that each appears under its name complete or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace edgeval {

// kDisk: what was written survives a power cut. kNone: after one, the file may be empty or torn;
// this is for files that a reader checks and can do without, and takes a fraction of the time.
enum class Sync { kDisk, kNone };

// Writes to a new file of a random name in the same folder, syncs it to disk and renames it to
// `path`, or to what `path` leads to if it is a link. Makes the folder when it is missing, and
// removes such files that killed runs have left. Throws Error when the place cannot be written to,
// std::runtime_error when the disk fails or is full; then the old file is untouched and nothing
// else is left.
void write_file(const std::filesystem::path& path, std::string_view contents,
                Sync sync = Sync::kDisk);

// Throws the Error that write_file would throw, ahead of the work whose result will be written.
// Makes the folder.
void expect_writable(const std::filesystem::path& path);

// Writes a file that must not exist yet and syncs it to disk. Throws as write_file does. Messages
// call the file `shown`, the name that it will have once its folder is in its place.
void write_new_file(const std::filesystem::path& path, std::string_view contents,
                    const std::filesystem::path& shown);

}  // namespace edgeval
