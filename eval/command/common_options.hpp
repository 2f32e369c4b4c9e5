// Options that several subcommands share, and what follows from them.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "eval/command/text_options.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/task/task.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// CLI11's check of a range, without its text in the help.
CLI::Validator between(Index low, Index high);
inline constexpr Index kLargestSeed = std::numeric_limits<Index>::max();

void add_engine_options(CLI::App& command, EngineChoice& options);

// --data says what each task takes.
void add_data_options(CLI::App& command, DataChoice& options, const Tasks& tasks = make_tasks());

struct OutputChoice {
  std::string format = "text";  // text | json
  bool quiet = false;
  Detail detail() const { return quiet ? Detail::kBrief : Detail::kFull; }
};
void add_output_options(CLI::App& command, OutputChoice& options);

// The accelerators named, or every shipped one that can price the activity, and the others with
// the reason. Throws Error when one that was named cannot.
ChosenAccelerators choose_accelerators(const std::vector<std::string>& names,
                                       const Activity& activity);

// Where the files that ship with edgeval lie: EDGEVAL_SHARE; else where `cmake --install` put them,
// seen from the program, if they are there; else the folder it was built from.
std::filesystem::path share_folder();
std::filesystem::path accelerator_folder();

}  // namespace edgeval
