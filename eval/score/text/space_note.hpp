// Spaces that part no words, of which people should know.
#pragma once

#include <span>
#include <string>

namespace edgeval {

// "ref.txt: 2 lines hold spaces that part no words here (U+00A0); put ordinary ones in their
// place"; empty when there are none. WER and CER part words at ASCII's white space alone, so a
// no-break or ideographic space makes one word of two. what: the name of a text, "line".
std::string space_note(const std::string& where, std::span<const std::string> texts,
                       const char* what);

}  // namespace edgeval
