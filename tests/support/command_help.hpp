// Reads commands and their options from the program's help.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/command.hpp"

namespace edgeval::test {

// Returns the commands that `edgeval --help` lists.
inline std::vector<std::string> commands() {
  std::istringstream help(edgeval({"--help"}).out);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (inside && line.starts_with("  ") && line[2] != ' ')
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    inside = line.starts_with("Commands") || (inside && line.starts_with("  "));
  }
  return names;
}

// Returns the options that the help of a command shows.
inline std::vector<std::string> options_of(const std::string& command) {
  std::istringstream help(edgeval({command, "--help"}).out);
  std::vector<std::string> names;
  for (std::string line; std::getline(help, line);)
    if (line.starts_with("  --")) names.push_back(line.substr(2, line.find_first_of(" \n", 2) - 2));
  return names;
}

}  // namespace edgeval::test
