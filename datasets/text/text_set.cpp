#include "datasets/text/text_set.hpp"

#include "datasets/text/file_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/text.hpp"

namespace edgeval::data {
namespace {

std::vector<std::string> read_lines(const std::filesystem::path& path, std::size_t budget) {
  const std::string bytes = read_unpacked(path, Pipes::kRefused, budget);
  const std::string kind = is_speech_manifest(bytes) ? "a speech manifest" : binary_kind(bytes);
  EDGEVAL_EXPECTS(kind.empty(), path.string(), ": is ", kind,
                  "; a file of text, a sentence per line, is wanted");
  expect_utf8(bytes, path);
  std::string_view rest = without_mark(bytes);
  EDGEVAL_EXPECTS(!rest.empty(), path.string(), ": is empty, a sentence per line is wanted");
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    EDGEVAL_EXPECTS(line.find('\0') == std::string_view::npos, path.string(), ":", lines.size() + 1,
                    ": holds a zero byte; if it is UTF-16, convert it with iconv -t UTF-8");
    lines.emplace_back(line);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return lines;
}

}  // namespace

TextSet open_text_set(const std::filesystem::path& sources,
                      const std::vector<std::filesystem::path>& references, Index limit,
                      std::size_t budget) {
  EDGEVAL_EXPECTS(!is_folder(sources), sources.string(),
                  ": is a folder; a translation model wants a file of text, a sentence per line");
  TextSet set{sources, references, read_lines(sources, budget), {}};
  for (const std::filesystem::path& path : references) {
    set.references.push_back(read_lines(path, budget));
    EDGEVAL_EXPECTS(set.references.back().size() == set.sources.size(), sources.string(), " has ",
                    set.sources.size(), " lines, ", path.string(), " has ",
                    set.references.back().size(),
                    "; line n of a reference must translate line n of the source");
  }
  if (limit > 0 && limit < set.sentences()) {
    set.sources.resize(static_cast<std::size_t>(limit));
    for (auto& lines : set.references) lines.resize(static_cast<std::size_t>(limit));
  }
  return set;
}

std::string text_set_sha256(const TextSet& set) {
  std::string all;
  const auto add = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) all.append(line).append("\n");
    all.append(1, '\0');
  };
  add(set.sources);
  for (const auto& lines : set.references) add(lines);
  return sha256(all);
}

}  // namespace edgeval::data
