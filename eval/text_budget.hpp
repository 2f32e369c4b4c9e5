// The option --text-budget of every command that reads texts: what one of them may take in memory
// (datasets/unpacked.hpp).
#pragma once

#include <CLI/CLI.hpp>

#include "datasets/unpacked.hpp"

namespace edgeval {

struct TextBudget {
  std::size_t mebibytes = data::kTextBudget >> 20;
  std::size_t bytes() const { return mebibytes << 20; }
};

inline void add_text_budget(CLI::App& command, TextBudget& budget) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  command
      .add_option("--text-budget", budget.mebibytes,
                  "MiB that a file of text may unpack to; each line counts 512 bytes more")
      ->check(CLI::Range(std::size_t{1}, kMost).description(""))
      ->type_name("MIB")
      ->capture_default_str();
}

}  // namespace edgeval
