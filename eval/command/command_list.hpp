// The commands and options of a program as CLI11 has them, in a form that the manual page and the
// completions of shells are written from: what is in no list of theirs is in no option either.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace edgeval {

struct OptionEntry {
  std::vector<std::string> names;  // "-h", "--help"; of a positional its one name, without dashes
  std::string type;                // "FILE"; empty: a flag
  std::vector<std::string> words;  // the only values, where they are few
  std::string meaning;
  std::string standard;  // default, empty: none
  std::string group;     // heading in the help
  bool positional = false;
  bool required = false;
  bool many = false;  // takes several values
  bool is_flag() const { return type.empty() && !positional; }
  bool takes_file() const;  // or a folder
};

struct CommandEntry {
  std::string name;
  std::string meaning;
  std::string footer;  // examples
  std::vector<OptionEntry> options;
};

std::vector<CommandEntry> command_list(const CLI::App& app);

// Those of the program itself, --help and --version.
std::vector<OptionEntry> options_of(const CLI::App& app);

}  // namespace edgeval
