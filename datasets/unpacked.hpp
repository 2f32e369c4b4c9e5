// Text files that may be packed with gzip, as parallel corpora are: known by their first two bytes,
// whatever the name, which no UTF-8 text begins with. Members one after the other, as `cat a.gz
// b.gz` makes them, unpack to one text.
#pragma once

#include <filesystem>
#include <string>

#include "host/core/file.hpp"

namespace edgeval::data {

// The file's bytes, unpacked when they are packed. Throws Error, naming the file, when they are
// damaged, end early or unpack to more than `largest` bytes, or when a file called .gz is not
// packed.
std::string read_unpacked(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused,
                          std::size_t largest = std::size_t{1} << 32);

}  // namespace edgeval::data
