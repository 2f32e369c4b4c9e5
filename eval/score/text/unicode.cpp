#include "eval/score/text/unicode.hpp"

#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // inside ICU's macro

// Calls visit(point, begin, end) for every code point, which stands on the bytes [begin, end).
template <class Visit>
void for_each_point(std::string_view text, Visit visit) {
  for (std::size_t end = 0; end < text.size();) {
    const std::size_t begin = end;
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(text.data(), end, text.size(), point);
    visit(static_cast<char32_t>(point), begin, end);
  }
}

#pragma GCC diagnostic pop

bool in_categories(char32_t point, std::uint32_t mask) {
  return (U_GET_GC_MASK(static_cast<UChar32>(point)) & mask) != 0;
}

struct CloseCaseMap {
  void operator()(UCaseMap* map) const { ucasemap_close(map); }
};

// Returns the case map without the rules of any language. It is shared, since it is only read.
const UCaseMap* root_case_map() {
  static const std::unique_ptr<UCaseMap, CloseCaseMap> map = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<UCaseMap, CloseCaseMap> opened(ucasemap_open("", 0, &error));
    if (U_FAILURE(error)) throw std::runtime_error(concat("ICU: ", u_errorName(error)));
    return opened;
  }();
  return map.get();
}

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for_each_point(text, [&](char32_t point, std::size_t, std::size_t) { points.push_back(point); });
  return points;
}

std::string utf8(std::u32string_view points) {
  std::string text;
  for (const char32_t point : points) {
    int following = point < 0x80      ? 0
                    : point < 0x800   ? 1
                    : point < 0x10000 ? 2
                                      : 3;  // number of bytes with 6 bits of the point each
    const char32_t mark = following == 0 ? 0 : 0xF0 << (3 - following) & 0xFF;
    text += static_cast<char>(mark | point >> 6 * following);
    while (following-- > 0) text += static_cast<char>(0x80 | (point >> 6 * following & 0x3F));
  }
  return text;
}

std::size_t columns_of(char32_t point) {
  constexpr std::uint32_t kUnseen = U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK;
  constexpr char32_t kSoftHyphen = 0xAD;
  const auto property = [&](UProperty which) {
    return u_getIntPropertyValue(static_cast<UChar32>(point), which);
  };
  // Of a syllable of Hangul in parts, the first one takes the columns.
  const int hangul = property(UCHAR_HANGUL_SYLLABLE_TYPE);
  if (hangul == U_HST_VOWEL_JAMO || hangul == U_HST_TRAILING_JAMO) return 0;
  if (in_categories(point, kUnseen) && point != kSoftHyphen) return 0;
  const int width = property(UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

bool is_white_space(char32_t point) {
  if (point < 0x80)
    return point == ' ' || (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x1F);
  return u_isUWhiteSpace(static_cast<UChar32>(point));
}

bool is_punctuation(char32_t point) { return in_categories(point, U_GC_P_MASK); }
bool is_symbol(char32_t point) { return in_categories(point, U_GC_S_MASK); }
bool is_number(char32_t point) { return in_categories(point, U_GC_N_MASK); }

std::vector<std::string_view> unicode_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t word = 0;  // begin of the word that may end at this point
  for_each_point(text, [&](char32_t point, std::size_t begin, std::size_t end) {
    if (!is_white_space(point)) return;
    if (begin > word) words.push_back(text.substr(word, begin - word));
    word = end;
  });
  if (text.size() > word) words.push_back(text.substr(word));
  return words;
}

std::string_view without_white_space_behind(std::string_view text) {
  const std::vector<std::string_view> words = unicode_words(text);
  if (words.empty()) return {};
  return text.substr(
      0, static_cast<std::size_t>(words.back().data() + words.back().size() - text.data()));
}

std::vector<std::string_view> unicode_characters(std::string_view text) {
  std::vector<std::string_view> characters;
  for_each_point(text, [&](char32_t point, std::size_t begin, std::size_t end) {
    if (!is_white_space(point)) characters.push_back(text.substr(begin, end - begin));
  });
  return characters;
}

namespace {

// ICU counts in 32 bits, and a text may become three times as long.
void expect_fit(std::string_view text) {
  EDGEVAL_EXPECTS(text.size() < std::size_t{1} << 29, "a line of ", text.size(),
                  " bytes is too long for --case and --normalize");
}

// Maps the case of a text by `map`, which is ucasemap_utf8ToLower or ucasemap_utf8ToUpper.
template <class Map>
std::string with_case(std::string_view text, Map map) {
  expect_fit(text);
  std::string mapped(text.size() + 8, '\0');
  for (;;) {
    UErrorCode error = U_ZERO_ERROR;
    const std::int32_t length =
        map(root_case_map(), mapped.data(), static_cast<std::int32_t>(mapped.size()), text.data(),
            static_cast<std::int32_t>(text.size()), &error);
    const bool fits = error != U_BUFFER_OVERFLOW_ERROR;
    if (fits && U_FAILURE(error)) throw std::runtime_error(concat("ICU: ", u_errorName(error)));
    mapped.resize(static_cast<std::size_t>(length));
    if (fits) return mapped;
  }
}

}  // namespace

std::string lower_case(std::string_view text) { return with_case(text, ucasemap_utf8ToLower); }
std::string upper_case(std::string_view text) { return with_case(text, ucasemap_utf8ToUpper); }

namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // inside ICU's macros

// Sorts each run of combining marks by class, keeping the order of marks of one class, as
// normalization does. ICU's time grows with the square of a run's length, but only with the length
// if the run is sorted.
void sort_marks(std::u16string& text) {
  std::vector<UChar32> run;
  const auto end_run = [&](std::size_t begin) {
    std::ranges::stable_sort(run, {}, u_getCombiningClass);
    for (const UChar32 mark : run) U16_APPEND_UNSAFE(text.data(), begin, mark);
    run.clear();
  };
  std::size_t run_begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    UChar32 point;
    U16_NEXT(text.data(), i, text.size(), point);
    if (u_getCombiningClass(point) == 0) {
      if (run.size() > 1) end_run(run_begin);
      run.clear();
      continue;
    }
    if (run.empty()) run_begin = begin;
    run.push_back(point);
  }
  end_run(run_begin);
}

#pragma GCC diagnostic pop

}  // namespace

std::string normal_form_c(std::string_view text) {
  const auto check = [](UErrorCode error) {
    if (U_FAILURE(error)) throw std::runtime_error(concat("ICU: ", u_errorName(error)));
  };
  expect_fit(text);
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* form = unorm2_getNFCInstance(&error);
  check(error);
  // A text has no more UTF-16 units than UTF-8 bytes, and form C has at most three times as many
  // units.
  std::u16string wide(text.size(), u'\0'), normal(3 * text.size() + 1, u'\0');
  std::int32_t length = 0;
  u_strFromUTF8WithSub(wide.data(), static_cast<std::int32_t>(wide.size()), &length, text.data(),
                       static_cast<std::int32_t>(text.size()), 0xFFFD, nullptr, &error);
  check(error);
  wide.resize(static_cast<std::size_t>(length));
  sort_marks(wide);
  length = unorm2_normalize(form, wide.data(), length, normal.data(),
                            static_cast<std::int32_t>(normal.size()), &error);
  check(error);
  std::string bytes(3 * static_cast<std::size_t>(length), '\0');
  u_strToUTF8(bytes.data(), static_cast<std::int32_t>(bytes.size()), &length, normal.data(), length,
              &error);
  check(error);
  bytes.resize(static_cast<std::size_t>(length));
  return bytes;
}

}  // namespace edgeval
