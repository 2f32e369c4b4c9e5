// A document in Markdown: its prose, its texts in backticks, its blocks of code, its headings.
#pragma once

#include <cctype>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace edgeval::test {

using Names = std::set<std::string>;

struct Document {
  std::string name;                // its path from the root
  std::string prose;               // text without blocks of code and without texts in backticks
  std::vector<std::string> spans;  // texts in backticks
  std::vector<std::string> code;   // lines of blocks of code, joined where one ends in a backslash
  Names keys;  // texts in backticks in the first column of tables of keys and counts
};

// Returns the parts of a line that stand in backticks. `rest` gets the other parts.
inline std::vector<std::string> spans_of(const std::string& text, std::string& rest) {
  std::vector<std::string> spans;
  std::size_t at = 0;
  for (std::size_t start; (start = text.find('`', at)) != std::string::npos;) {
    const std::size_t inside = text.find_first_not_of('`', start);
    if (inside == std::string::npos) break;
    const std::string marks = text.substr(start, inside - start);
    const std::size_t end = text.find(marks, inside);
    if (end == std::string::npos) break;
    rest += text.substr(at, start - at) + "\x01";
    spans.push_back(text.substr(inside, end - inside));
    at = end + marks.size();
  }
  rest += text.substr(at);
  return spans;
}

inline Document parsed(const std::string& name, const std::string& text) {
  Document document{name, {}, {}, {}, {}};
  std::istringstream lines(text);
  std::string paragraph;
  bool goes_on = false, table_of_keys = false;
  const auto end_paragraph = [&] {
    for (std::string& span : spans_of(paragraph, document.prose)) document.spans.push_back(span);
    document.prose += '\n';
    paragraph.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    const bool code = line.starts_with("    ") && paragraph.empty();
    if (code) {
      if (!goes_on) document.code.emplace_back();
      goes_on = line.ends_with('\\');
      document.code.back() += line.substr(0, line.size() - (goes_on ? 1 : 0));
      continue;
    }
    goes_on = false;
    if (line.empty() || line.starts_with('#') || line.starts_with('|')) end_paragraph();
    paragraph += line + "\n";
    if (line.starts_with('#') || line.starts_with('|')) end_paragraph();
    if (!line.starts_with('|'))
      table_of_keys = false;
    else if (line.starts_with("| key") || line.starts_with("| count"))
      table_of_keys = true;
    if (table_of_keys) {
      std::string rest;
      for (const std::string& span : spans_of(line.substr(0, line.find(" |", 1)), rest))
        document.keys.insert(span);
    }
    if (line.empty()) paragraph.clear();
  }
  end_paragraph();
  return document;
}

// Whether a heading or a phrase in bold has these words, in upper or lower case. In the index of
// the formats a row of its table counts as a heading.
inline bool has_section(const std::string& name, const std::string& text,
                        const std::string& section) {
  const auto lower = [](std::string words) {
    std::erase(words, '`');
    for (char& c : words) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return words;
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string titles = line.starts_with('#') ? line : "";
    if (name.ends_with("formats.md") && line.starts_with('|')) titles = line;
    for (std::size_t at = 0; (at = line.find("**", at)) != std::string::npos;) {
      const std::size_t end = line.find("**", at + 2);
      if (end == std::string::npos) break;
      titles += "\n" + line.substr(at + 2, end - at - 2);
      at = end + 2;
    }
    if (lower(titles).find(lower(section)) != std::string::npos) return true;
  }
  return false;
}

// Returns GitHub's anchors of the headings: lower case, dashes for spaces, no punctuation.
inline Names anchors_of(const std::string& text) {
  Names anchors;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) continue;
    std::string anchor;
    for (const char c : line.substr(line.find(' ') + 1))
      if (c == ' ')
        anchor += '-';
      else if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_')
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    anchors.insert(anchor);
  }
  return anchors;
}

inline std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    const std::size_t start = word.find_first_not_of("'\"([<{");
    if (start == std::string::npos) continue;
    const std::size_t end = word.find_last_not_of("'\")]>},;:.");
    if (end != std::string::npos && end >= start)
      words.push_back(word.substr(start, end - start + 1));
  }
  return words;
}

}  // namespace edgeval::test
