#include "eval/score/text/space_note.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// Unicode's spaces that are not ASCII, and two marks without width that editors leave behind.
struct Space {
  const char* bytes;
  const char* name;
};
constexpr Space kSpaces[] = {
    {"\xC2\x85", "U+0085"},     {"\xC2\xA0", "U+00A0"},     {"\xE1\x9A\x80", "U+1680"},
    {"\xE2\x80\x80", "U+2000"}, {"\xE2\x80\x81", "U+2001"}, {"\xE2\x80\x82", "U+2002"},
    {"\xE2\x80\x83", "U+2003"}, {"\xE2\x80\x84", "U+2004"}, {"\xE2\x80\x85", "U+2005"},
    {"\xE2\x80\x86", "U+2006"}, {"\xE2\x80\x87", "U+2007"}, {"\xE2\x80\x88", "U+2008"},
    {"\xE2\x80\x89", "U+2009"}, {"\xE2\x80\x8A", "U+200A"}, {"\xE2\x80\x8B", "U+200B"},
    {"\xE2\x80\xA8", "U+2028"}, {"\xE2\x80\xA9", "U+2029"}, {"\xE2\x80\xAF", "U+202F"},
    {"\xE2\x81\x9F", "U+205F"}, {"\xE3\x80\x80", "U+3000"}, {"\xEF\xBB\xBF", "U+FEFF"}};

// Adds the names of the spaces in `text`, and returns whether there are any.
bool add_spaces(std::string_view text, std::set<std::string>& names) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; }))
    return false;
  bool found = false;
  for (const Space& space : kSpaces)
    if (text.find(space.bytes) != std::string_view::npos) {
      names.insert(space.name);
      found = true;
    }
  return found;
}

}  // namespace

std::string space_note(const std::string& where, std::span<const std::string> texts,
                       const char* what) {
  std::set<std::string> names;
  const auto lines =
      std::ranges::count_if(texts, [&](const auto& text) { return add_spaces(text, names); });
  if (lines == 0) return "";
  return concat(where, ": ", lines, " ", what, lines == 1 ? " holds" : "s hold",
                " spaces that do not separate words here (", separated(names),
                "); put ordinary ones in their place");
}

}  // namespace edgeval
