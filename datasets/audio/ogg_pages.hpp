// The pages of an Ogg file, looked at apart from libsndfile, which passes over damaged and missing
// ones, takes a file that was cut off between two pages for a whole one, and reads the first of
// several streams alone.
#pragma once

#include "datasets/audio/audio_bytes.hpp"

namespace edgeval::data {

// Throws Error naming the file and the byte unless the file is one stream of Ogg (RFC 3533) from
// its first page to the one that says it is the last: each page's CRC is right, and their numbers
// follow one another. Nothing is asked of a file that does not begin with a page.
void expect_whole_ogg(AudioBytes& bytes);

}  // namespace edgeval::data
