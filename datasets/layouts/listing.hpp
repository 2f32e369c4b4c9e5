// What the layouts share: text files read by lines that know their place, and the checks every
// utterance passes. A place is "FILE:LINE", the start of every message about a data set.
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
  std::string_view text;  // without its end, CR LF included
  Index number = 0;       // from 1
};

// A UTF-8 file whole in memory; blank lines are left out of lines().
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

// "a512 THE WORDS" -> {"a512", "THE WORDS"}: the first word and the trimmed rest, which may be
// empty.
std::pair<std::string_view, std::string_view> split_first_word(std::string_view line);

// Collects the utterances of a set in order and refuses an empty or doubled id and a missing audio
// file.
class UtteranceList {
 public:
  void add(Utterance utterance, const std::string& place);
  std::vector<Utterance> take() { return std::move(utterances_); }

 private:
  std::vector<Utterance> utterances_;
  std::unordered_map<std::string, std::string> places_;  // by id
};

// A text for each id (a transcript, a speaker), from a file apart from the list of utterances.
class TextsById {
 public:
  // Takes a line and its place apart into id and text.
  using Parse = std::pair<std::string, std::string> (*)(std::string_view line,
                                                        const std::string& place);

  // `what` names the texts in messages. Refuses an id that comes twice.
  TextsById(const std::filesystem::path& path, const char* what, Parse parse);

  // The text of `id`, which is wanted by the line at `place`.
  std::string take(const std::string& id, const std::string& place);
  // Refuses a text that nobody took: its id is missing in the file `list`.
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
  std::vector<std::string>
      order_;  // of the ids in the file, so that the first fault is the one reported
};

}  // namespace edgeval::data
