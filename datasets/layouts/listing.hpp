// Code that the layouts share: text files as lines that know their place, and the checks of every
// utterance. A place is "FILE:LINE", with which every message about a data set begins.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "datasets/layouts/test_set.hpp"

namespace edgeval::data {

struct Line {
  std::string_view text;  // without the line's end, CR LF included
  Index number = 0;       // counted from 1
};

// A UTF-8 file in memory. lines() leaves out blank lines.
class TextFile {
 public:
  explicit TextFile(const std::filesystem::path& path);
  TextFile(const TextFile&) = delete;

  const std::vector<Line>& lines() const { return lines_; }
  std::string place(const Line& line) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string bytes_;
  std::vector<Line> lines_;
};

// Splits a line such as "a512 THE WORDS" into the first word and the trimmed rest, which may be
// empty: {"a512", "THE WORDS"}.
std::pair<std::string_view, std::string_view> split_first_word(std::string_view line);

// Collects the utterances of a set in order. Refuses an empty or doubled id and a missing audio
// file.
class UtteranceList {
 public:
  void add(Utterance utterance, const std::string& place);
  std::vector<Utterance> take() { return std::move(utterances_); }

 private:
  std::vector<Utterance> utterances_;
  std::unordered_map<std::string, std::string> places_;  // places by id
};

// A text for each id (a transcript or a speaker), from a file beside the list of utterances.
class TextsById {
 public:
  // Takes a line and its place apart into id and text.
  using Parse = std::pair<std::string, std::string> (*)(std::string_view line,
                                                        const std::string& place);

  // `what` names the texts in messages. Throws Error at an id that comes twice.
  TextsById(const std::filesystem::path& path, const char* what, Parse parse);

  // Returns the text of `id`, which the line at `place` asks for. Throws Error when there is none.
  std::string take(const std::string& id, const std::string& place);
  // Throws Error at a text that nobody took, because its id is missing in the file `list`.
  void expect_all_taken(const std::filesystem::path& list) const;

 private:
  struct Entry {
    std::string text;
    std::string place;
    bool taken = false;
  };
  std::filesystem::path path_;
  const char* what_;
  std::unordered_map<std::string, Entry> entries_;
  // The ids in the order of the file, so that the first fault is the one reported.
  std::vector<std::string> order_;
};

}  // namespace edgeval::data
