// Lists the commands and options of a program as CLI11 has them. The manual page and the
// completions of shells are written from these lists, so that they have every command and option.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace edgeval {

struct OptionEntry {
  std::vector<std::string> names;  // "-h" and "--help"; a positional has one name without dashes
  std::string type;                // type of the value, "FILE"; empty for a flag
  std::vector<std::string> words;  // the values that are allowed; empty where others are, too
  std::string meaning;
  std::string standard;  // default value; empty where there is none
  std::string group;     // heading in the help
  bool positional = false;
  bool required = false;
  bool many = false;  // whether it takes several values
  bool is_flag() const { return type.empty() && !positional; }
  bool takes_file() const;  // whether it takes a file or a folder
};

struct CommandEntry {
  std::string name;
  std::string meaning;
  std::string footer;  // examples at the end of the help
  std::vector<OptionEntry> options;
};

// Returns the commands of a program.
std::vector<CommandEntry> command_list(const CLI::App& app);

// Returns the options of a command, or those of the program itself: --help and --version.
std::vector<OptionEntry> options_of(const CLI::App& app);

}  // namespace edgeval
