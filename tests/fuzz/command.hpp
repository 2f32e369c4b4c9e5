// Runs a command of the program within this process and discards what the command prints.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <streambuf>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace edgeval::fuzz {

class Nowhere : public std::streambuf {
 protected:
  int overflow(int c) override { return c == EOF ? 0 : c; }
  std::streamsize xsputn(const char*, std::streamsize count) override { return count; }
};

// A target must not give words that the command line itself refuses. Exit code 3 of `compare` is a
// result.
inline void command(void (*setup)(CLI::App&), std::vector<std::string> words) {
  Nowhere nowhere;
  std::streambuf* const before = std::cout.rdbuf(&nowhere);
  takes([&] {
    CLI::App app;
    setup(app);
    std::reverse(words.begin(), words.end());  // CLI11 reads from the back
    try {
      app.parse(words);
    } catch (const CLI::RuntimeError&) {
    }
  });
  std::cout.rdbuf(before);
}

}  // namespace edgeval::fuzz
