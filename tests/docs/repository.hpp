// The names that the repository has: files, identifiers, switches of the build.
#pragma once

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "host/core/files/file.hpp"
#include "host/core/text.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {

using Names = std::set<std::string>;

inline const Names kFolders{"cuda", "datasets", "docs", "eval", "host", "hwmodel", "tests"};

struct Repository {
  Names files, folders;  // paths from the root, without a slash at the end
  Names words;           // identifiers of sources, scripts and accelerators
  Names switches;        // EDGEVAL_X: options of CMake, macros, variables of the environment
  Names script_options;  // --x of the scripts and benchmarks, as they spell them in quotes
};

inline bool ends_in(const std::string& name, std::initializer_list<const char*> endings) {
  return std::ranges::any_of(endings, [&](const char* ending) { return name.ends_with(ending); });
}

inline bool is_source(const std::string& name) {
  return ends_in(name, {".cpp", ".hpp", ".cu", ".cuh"});
}

// Files that a document may name without their folder.
inline bool is_own_kind(const std::string& name) {
  return is_source(name) || ends_in(name, {".md", ".sh", ".cmake"});
}

inline void collect(Names& names, const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    names.insert((*match)[match->size() - 1]);
}

// Adds the identifiers of more than one character; a regular expression would take seconds.
inline void collect_identifiers(Names& names, const std::string& text) {
  const auto is_part = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  for (auto first = text.begin(); first != text.end();) {
    first = std::find_if(first, text.end(), is_part);
    const auto last = std::find_if_not(first, text.end(), is_part);
    first = std::find_if_not(first, last, is_digit);
    if (last - first > 1) names.insert(std::string(first, last));
    first = last;
  }
}

inline Repository read_repository() {
  Repository repository;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder())) {
    if (entry.is_regular_file()) found.push_back(entry.path());
    if (kFolders.contains(entry.path().filename().string()))
      for (const auto& below : std::filesystem::recursive_directory_iterator(entry))
        found.push_back(below);
  }
  repository.folders = kFolders;
  for (const std::filesystem::path& path : found) {
    const std::string name = std::filesystem::relative(path, source_folder()).generic_string();
    if (name.find("__pycache__") != std::string::npos) continue;
    if (std::filesystem::is_directory(path)) {
      repository.folders.insert(name);
      continue;
    }
    repository.files.insert(name);
    repository.words.insert(path.stem().string());
    const bool script = ends_in(name, {".py", ".sh"});
    const bool built = ends_in(name, {"CMakeLists.txt", ".cmake"});
    if (name.starts_with("tests/docs/") ||
        !(script || built || is_source(name) || name.ends_with(".yaml")))
      continue;
    const std::string text = read_file(path);
    collect_identifiers(repository.words, text);
    collect(repository.words, text, R"re((\w+)_kernel\b)re");
    if (built) collect(repository.switches, text, R"re((?:option|set)\((EDGEVAL_\w+))re");
    if (script) collect(repository.switches, text, R"re(\b(EDGEVAL_\w+))re");
    collect(repository.switches, text, R"re(["'](EDGEVAL_\w+)["'])re");
    collect(repository.switches, text, R"re(#define (EDGEVAL_\w+))re");
    if (script || name.starts_with("tests/bench/"))
      collect(repository.script_options, text, R"re(["'](--[a-z][a-z-]*))re");
  }
  return repository;
}

}  // namespace edgeval::test
