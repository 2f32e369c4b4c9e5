// Checks the pages of an Ogg file without libsndfile, which passes over damaged and missing pages,
// takes a file that was cut off between two pages for a whole one, and reads only the first of
// several streams.
#pragma once

#include "datasets/audio/audio_bytes.hpp"

namespace edgeval::data {

// Throws Error naming the file and the byte unless the file is one stream of Ogg (RFC 3533) from
// its first page to the one that says it is the last, with correct CRCs and page numbers that
// follow one another. A file that does not begin with a page is not checked.
void expect_whole_ogg(AudioBytes& bytes);

}  // namespace edgeval::data
