#include "eval/command/options/common_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {

CLI::Validator between(Index low, Index high) { return CLI::Range(low, high).description(""); }

namespace {

constexpr const char* kAcceleratorFolder = "hwmodel/accelerators";

}  // namespace

void add_engine_options(CLI::App& command, EngineChoice& options) {
  command
      .add_option(
          "--device", options.device,
          "Where the network runs: auto, cpu, gpu, or gpu:N for the GPU of that number; auto "
          "takes a GPU when there is one")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return is_device(text) ? std::string()
                                   : concat(text, ": must be auto, cpu, gpu or gpu:N");
          },
          ""))
      ->type_name("DEVICE")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "CPU threads; 0: all")
      ->check(between(0, 4096))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--batch", options.batch,
                  "Utterances or sentences at once; 0: from memory, at most 512, of sentences on a "
                  "GPU 16384. Results do not depend on it")
      ->check(between(0, 1 << 30))
      ->type_name("N")
      ->capture_default_str();
}

void add_data_options(CLI::App& command, DataChoice& options, const Tasks& tasks) {
  std::string data;
  for (const std::unique_ptr<Task>& task : tasks)
    if (*task->info().data != '\0')
      data += (data.empty() ? "" : "; ") + std::string(task->info().data);
  command.add_option("--data", options.path, data)->type_name("PATH")->required();
  command.add_option("--split", options.selection.split, "Part of the set: test, dev, train, ...")
      ->type_name("NAME");
  command
      .add_option("--limit", options.selection.limit, "Only the first so many utterances or lines")
      ->check(between(1, Index{1} << 40))
      ->type_name("N");
  command.add_option("--utterance", options.selection.ids, "Only the utterances with these ids")
      ->type_name("ID");
  command.add_flag_callback(
      "--any-audio", [&options] { options.selection.kinds = data::AudioKinds::kAny; },
      "Read audio of other kinds than WAV, FLAC and Ogg too, in which damage may pass unnoticed");
  add_text_budget(command, options.budget);
}

Display OutputChoice::display() const {
  if (quiet) return {};
  return {&std::cerr, ::isatty(STDERR_FILENO) == 1};
}

void add_output_options(CLI::App& command, OutputChoice& options) {
  command.add_option("--format", options.format, "What is printed: text, or json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.add_flag("--quiet", options.quiet, "No progress, and the headline figures alone");
}

namespace {

// Returns "; run with --set arithmetic.type=..." when the activity has fp32 products, and the
// accelerator prices products of integers only. Else returns an empty text.
std::string cure_of_widths(const hw::Accelerator& accelerator, const Activity& activity) {
  const auto prices = [&](Count count) {
    return std::ranges::any_of(
        accelerator.rules, [&](const hw::EnergyRule& rule) { return rule.work.count == count; });
  };
  if (activity.total(Count::kMacsFp32) == 0 || prices(Count::kMacsFp32)) return "";
  for (const auto& [count, type] :
       {std::pair{Count::kMacs16x16, "int16"}, {Count::kMacs8x8, "int8"}})
    if (prices(count)) return concat("; run with --set arithmetic.type=", type);
  return "";
}

}  // namespace

ChosenAccelerators choose_accelerators(const std::vector<std::string>& names,
                                       const Activity& activity) {
  ChosenAccelerators choice;
  for (const std::string& name : names) {
    hw::Accelerator accelerator = hw::find_accelerator(name, accelerator_folder(), kLayerKinds);
    // The report knows accelerators by their names.
    for (const hw::Accelerator& other : choice.accelerators)
      EDGEVAL_EXPECTS(other.name != accelerator.name, "--hardware ", name,
                      ": an accelerator named ", other.name, " was given before");
    const auto reason = hw::cannot_price(accelerator, activity);
    EDGEVAL_EXPECTS(!reason, accelerator.file, ": ", accelerator.name, " cannot price ", *reason,
                    cure_of_widths(accelerator, activity));
    choice.accelerators.push_back(std::move(accelerator));
  }
  if (!names.empty()) return choice;
  for (hw::Accelerator& accelerator : hw::load_accelerators(accelerator_folder(), kLayerKinds)) {
    if (const auto reason = hw::cannot_price(accelerator, activity))
      choice.left_out.push_back({accelerator.name, *reason});
    else
      choice.accelerators.push_back(std::move(accelerator));
  }
  return choice;
}

std::filesystem::path share_folder() {
  if (const char* named = std::getenv("EDGEVAL_SHARE"); named != nullptr) return named;
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  const std::filesystem::path installed =
      (program.parent_path() / EDGEVAL_SHARE_FROM_PROGRAM).lexically_normal();
  const bool there =
      !unknown && std::filesystem::is_directory(installed / kAcceleratorFolder, unknown);
  return there ? installed : EDGEVAL_SHARE_FOLDER;
}

std::filesystem::path accelerator_folder() { return share_folder() / kAcceleratorFolder; }

}  // namespace edgeval
