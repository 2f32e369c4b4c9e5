// Files that edgeval writes. One appears under its name complete or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace edgeval {

// Writes to a new file of a random name in the same folder, syncs it to disk and renames it over
// `path`, or over what the link of this name leads to; makes the folder when it is missing and
// removes what a run that was killed had left of such files. Throws Error when the place cannot be
// written to, std::runtime_error when the disk fails or is full; then the old file is untouched and
// nothing else is left.
void write_file(const std::filesystem::path& path, std::string_view contents);

// Throws the Error that write_file would, ahead of the work whose result it will write. Makes the
// folder.
void expect_writable(const std::filesystem::path& path);

// Writes a file that is not there yet and syncs it to disk. Throws as write_file does; messages
// call it `shown`, as it will be called once its folder is in its place.
void write_new_file(const std::filesystem::path& path, std::string_view contents,
                    const std::filesystem::path& shown);

}  // namespace edgeval
