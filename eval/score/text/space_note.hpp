// Notes spaces that do not separate words where people may expect it.
#pragma once

#include <span>
#include <string>

namespace edgeval {

// Returns "ref.txt: 2 lines hold spaces that do not separate words here (U+00A0); put ordinary ones
// in their place", or an empty text when no text holds such spaces. WER and CER separate words at
// ASCII white space only, so a no-break or ideographic space makes one word of two. `what` is what
// a text is called, such as "line".
std::string space_note(const std::string& where, std::span<const std::string> texts,
                       const char* what);

}  // namespace edgeval
