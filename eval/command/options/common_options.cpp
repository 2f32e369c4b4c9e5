#include "eval/command/options/common_options.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <limits>

#include "datasets/audio/feature_cache.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {

CLI::Validator between(Index low, Index high) {
  const auto problem = [low, high](const std::string& text) -> std::string {
    Index value = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, value);
    const bool is_too_large = error == std::errc::result_out_of_range;
    if (read == end && (is_too_large || value < low || value > high))
      return concat(text, " is out of range; it must be from ", low, " to ", high);
    // CLI11 takes 010 for 8.
    return read == end && concat(value) == text
               ? ""
               : concat(text, " is no whole number in digits alone, such as ", low > 0 ? low : 1);
  };
  return CLI::Validator(problem, "");
}

CLI::Validator between_numbers(double low, double high) {
  const auto problem = [low, high](const std::string& text) -> std::string {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, value);
    if (read != end || error == std::errc::invalid_argument) return text + " is no number";
    return error == std::errc() && value >= low && value <= high
               ? ""
               : concat(text, " is out of range; it must be from ", low, " to ", high);
  };
  return CLI::Validator(problem, "");
}

namespace {

constexpr const char* kAcceleratorFolder = "hwmodel/accelerators";
constexpr Index kLeastGpuMemory = Index{64} << 20;

// Returns a transformation of a size into bytes, which are at least `least`, whole MiB. A size is a
// whole number with K, M, G or T behind it, the powers of 1024.
CLI::Validator bytes_from(Index least) {
  const auto transform = [least](std::string& text) -> std::string {
    constexpr std::string_view kUnits = "KMGT";
    Index number = 0;
    const char* const end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, number);
    const std::size_t place =
        unit + 1 == end ? kUnits.find(*unit) : static_cast<std::size_t>(std::string::npos);
    if (place == std::string::npos || error == std::errc::invalid_argument || text[0] == '-')
      return text + " is no size; it is a whole number with K, M, G or T behind it, such as 24G";
    const int shift = 10 * (static_cast<int>(place) + 1);
    if (error != std::errc() || number > std::numeric_limits<Index>::max() >> shift)
      return text + " is out of range";
    if (number << shift < least)
      return concat(text, " is too little; it must be at least ", least >> 20, "M");
    text = concat(number << shift);
    return "";
  };
  return CLI::Validator(transform, "");
}

}  // namespace

void add_seed_option(CLI::App& command, std::uint64_t& seed, const char* meaning) {
  command.add_option("--seed", seed, meaning)
      ->check(between(0, std::numeric_limits<Index>::max()))
      ->type_name("N")
      ->capture_default_str();
}

void add_model_option(CLI::App& command, std::string& path) {
  command.add_option("--model", path, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
}

void add_hardware_option(CLI::App& command, std::vector<std::string>& names) {
  command
      .add_option("--hardware", names, "Accelerators that price the work; without it, all shipped")
      ->type_name("NAME|FILE");
}

std::filesystem::path profile_of(const PolicyChoice& choice, const PolicyBase& base) {
  return choice.profile ? std::filesystem::path(*choice.profile) : base.profile().value_or("");
}

void add_policy_options(CLI::App& command, PolicyChoice& options, const char* meaning) {
  command.add_option("--policy", options.file, meaning)->type_name("FILE");
  command
      .add_option("--profile", options.profile,
                  "Ranges and formats of the layers, made by edgeval profile")
      ->type_name("FILE");
  command
      .add_option("--set", options.settings,
                  "Override keys of the policy, such as operand.clusters=12")
      ->type_name("KEY=VALUE");
}

void add_engine_options(CLI::App& command, EngineChoice& options) {
  command
      .add_option(
          "--device", options.device,
          "Where the network runs: auto, cpu, gpu, gpu:N for the GPU of that number, gpu:0,1 for "
          "several, or gpu:all; auto takes a GPU when there is one")
      ->check(CLI::Validator([](const std::string& text) { return device_problem(text); }, ""))
      ->type_name("DEVICE")
      ->capture_default_str();
  command
      .add_option("--gpu-memory", options.gpu_memory,
                  "Memory that is taken of each GPU at most, such as 24G; without it, all that is "
                  "free. Results do not depend on it")
      ->transform(bytes_from(kLeastGpuMemory))
      ->type_name("SIZE");
  command.add_option("--threads", options.threads, "CPU threads; 0: all")
      ->check(between(0, 4096))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option(
          "--batch", options.batch,
          "Utterances or sentences at once; 0: from memory, at most 512, or for each GPU 4096 "
          "utterances or 16384 sentences. Results do not depend on it")
      ->check(between(0, 1 << 30))
      ->type_name("N")
      ->capture_default_str();
}

void add_cache_options(CLI::App& command, EngineChoice& options) {
  options.feature_folder = data::default_feature_folder();
  CLI::Option* folder =
      command
          .add_option(
              "--cache", options.feature_folder,
              "Folder in which features of speech are kept for later runs; without it, "
              "edgeval/features in $XDG_CACHE_HOME or ~/.cache. Results do not depend on it")
          ->check(CLI::Validator(
              [](const std::string& text) {
                const PathState state = path_state(text);
                return state.kind == PathKind::kNothing || state.kind == PathKind::kFolder
                           ? std::string()
                           : concat(text, ": is a file, the name of a folder is wanted");
              },
              ""))
          ->type_name("FOLDER");
  command
      .add_flag_callback(
          "--no-cache", [&options] { options.feature_folder.clear(); },
          "Compute features anew and keep none")
      ->excludes(folder);
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

std::filesystem::path share_folder() {
  if (const char* named = std::getenv("EDGEVAL_SHARE"); named != nullptr && *named != '\0') {
    EDGEVAL_EXPECTS(is_folder(std::filesystem::path(named) / kAcceleratorFolder),
                    "EDGEVAL_SHARE: ", named, " has no folder ", kAcceleratorFolder,
                    "; name the folder that has, or unset it");
    return named;
  }
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
