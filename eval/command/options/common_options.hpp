// Adds options that several subcommands share, and makes what they ask for.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/command/options/text_options.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/task/progress.hpp"
#include "eval/task/task.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// Returns a check that an option is a whole number from low to high, written in decimal digits
// without a zero in front.
CLI::Validator between(Index low, Index high);
// Returns a check that an option is a number from low to high, and not NaN.
CLI::Validator between_numbers(double low, double high);
// Adds --seed.
void add_seed_option(CLI::App& command, std::uint64_t& seed, const char* meaning);

void add_engine_options(CLI::App& command, EngineChoice& options);

// Adds --cache and --no-cache. Without either, features are kept in data::default_feature_folder().
void add_cache_options(CLI::App& command, EngineChoice& options);

void add_model_option(CLI::App& command, std::string& path);
void add_hardware_option(CLI::App& command, std::vector<std::string>& names);

// The policy that --policy, --profile and --set ask for.
struct PolicyChoice {
  std::optional<std::string> file, profile;
  std::vector<std::string> settings;
};
// Returns the path of the profile: that of --profile, else that of the policy; empty where neither
// names one.
std::filesystem::path profile_of(const PolicyChoice& choice, const PolicyBase& base);
// `meaning` says what the policy of --policy is for.
void add_policy_options(CLI::App& command, PolicyChoice& options, const char* meaning);

// Adds the options that choose the data. The help of --data says what each task takes.
void add_data_options(CLI::App& command, DataChoice& options, const Tasks& tasks = make_tasks());

struct OutputChoice {
  std::string format = "text";  // text or json
  bool quiet = false;
  Detail detail() const { return quiet ? Detail::kBrief : Detail::kFull; }
  // Returns where progress is shown: on standard error, unless `quiet`.
  Display display() const;
};
void add_output_options(CLI::App& command, OutputChoice& options);

// Returns the folder of the files that ship with edgeval: EDGEVAL_SHARE if that is set and not
// empty; else the folder beside the program into which `cmake --install` puts them, if they are
// there; else the folder of sources that the program was built from. Throws Error when
// EDGEVAL_SHARE names a folder without accelerators.
std::filesystem::path share_folder();
std::filesystem::path accelerator_folder();

}  // namespace edgeval
