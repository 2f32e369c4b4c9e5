// Options that several subcommands share, and what follows from them.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"
#include "eval/command/text_options.hpp"
#include "eval/report/report.hpp"
#include "eval/report/summary.hpp"
#include "host/engine/translate/translator.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// CLI11's check of a range, without its text in the help.
CLI::Validator between(Index low, Index high);
inline constexpr Index kLargestSeed = std::numeric_limits<Index>::max();

struct EngineChoice {
  std::string device = "auto";  // auto | cpu | gpu | gpu:N
  int threads = 0;
  Index batch = 0;
  bool asks_for_gpu() const { return device.starts_with("gpu"); }
};
void add_engine_options(CLI::App& command, EngineChoice& options);

// auto: the GPU when there is one.
std::unique_ptr<Engine> make_engine(const Model& model, const EngineChoice& options);

Translator make_translator(const TranslationModel& model, const EngineChoice& options);

struct DataChoice {
  std::string path;
  data::Selection selection;
  data::TextBudget budget{};  // of texts
};
void add_data_options(CLI::App& command, DataChoice& options);

struct OutputChoice {
  std::string format = "text";  // text | json
  bool quiet = false;
  Detail detail() const { return quiet ? Detail::kBrief : Detail::kFull; }
};
void add_output_options(CLI::App& command, OutputChoice& options);

// The accelerators named, or every shipped one that can price the activity, and the others with
// the reason. Throws Error when one that was named cannot.
struct ChosenAccelerators {
  std::vector<hw::Accelerator> accelerators;
  std::vector<LeftOut> left_out;
};
ChosenAccelerators choose_accelerators(const std::vector<std::string>& names,
                                       const Activity& activity);

// Where the files that ship with edgeval lie: EDGEVAL_SHARE; else where `cmake --install` put them,
// seen from the program, if they are there; else the folder it was built from.
std::filesystem::path share_folder();
std::filesystem::path accelerator_folder();

}  // namespace edgeval
