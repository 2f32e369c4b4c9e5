#include "host/engine/ctc.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {

std::vector<int> ctc_collapse(std::span<const std::int32_t> best, int blank) {
  std::vector<int> ids;
  std::int32_t previous = blank;
  for (const std::int32_t token : best) {
    if (token != previous && token != blank) ids.push_back(token);
    previous = token;
  }
  return ids;
}

std::vector<std::string> token_texts(std::span<const std::string> tokens) {
  constexpr std::string_view kPieceMark = "\xE2\x96\x81";  // U+2581
  std::vector<std::string> texts;
  for (std::string token : tokens) {
    std::string lower = token;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (lower == "<space>") token.assign(1, ' ');
    for (std::size_t at = 0; (at = token.find(kPieceMark, at)) != std::string::npos;)
      token.replace(at, kPieceMark.size(), 1, ' ');
    texts.push_back(std::move(token));
  }
  const auto has_space = [](const std::string& text) {
    return text.find(' ') != std::string::npos;
  };
  if (std::ranges::none_of(texts, has_space)) std::ranges::replace(texts, "|", " ");
  return texts;
}

std::string tokens_to_text(std::span<const int> ids, std::span<const std::string> tokens) {
  std::string text;
  for (const int id : ids) {
    EDGEVAL_ASSERT(id >= 0 && static_cast<std::size_t>(id) < tokens.size());
    text += tokens[id];
  }
  return single_spaced(text);
}

}  // namespace edgeval
