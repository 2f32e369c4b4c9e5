#include "eval/report/table.hpp"

#include <algorithm>
#include <span>

#include "eval/score/text/unicode.hpp"
#include "host/core/concat.hpp"
#include "host/core/text.hpp"

namespace edgeval {

std::size_t columns(std::string_view text) {
  std::size_t columns = 0;
  for (const char32_t point : code_points(text)) columns += columns_of(point);
  return columns;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  return separated(std::span(names).first(std::min(names.size(), kShown)), ", ", visible) +
         (names.size() > kShown ? ", ..." : "");
}

std::string table(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows)
    for (std::string& cell : row) cell = visible(cell);
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t padding = widths[i] - columns(row[i]);
      if (i > 0) text.append(2 + padding, ' ');
      text += row[i];
      if (i == 0 && row.size() > 1) text.append(padding, ' ');
    }
    text += "\n";
  }
  return text;
}

std::string paragraph(const std::string& text, std::size_t indent, std::size_t width,
                      std::size_t hanging) {
  std::string lines, line;
  const auto margin = [&] { return indent + (lines.empty() ? 0 : hanging); };
  const auto end_line = [&] {
    lines.append(margin(), ' ').append(line) += '\n';
    line.clear();
  };
  const std::string shown = printable(text);
  for (const std::string_view word : split_words(shown)) {
    if (!line.empty() && margin() + columns(line) + 1 + columns(word) > width) end_line();
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) end_line();
  return lines;
}

}  // namespace edgeval
