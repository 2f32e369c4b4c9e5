#include "eval/command/options/path_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/text/file_kind.hpp"
#include "eval/report/run_files.hpp"
#include "eval/report/sweep_output.hpp"
#include "host/core/error.hpp"
#include "host/core/files/output_folder.hpp"
#include "host/core/files/path.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathTypes[] = {"FILE", "FOLDER", "PATH", "NAME|FILE"};
constexpr const char* kFolder = "FOLDER";

bool names_paths(const CLI::Option& option) {
  return std::ranges::find(kPathTypes, option.get_type_name()) != std::end(kPathTypes);
}

bool is_output(const CLI::Option& option) { return option.get_name() == "--out"; }

// An input: the option that names it, and its path as the user gave it.
struct Input {
  std::string option;
  fs::path path;
};

std::vector<Input> inputs_of(const CLI::App& command) {
  std::vector<Input> inputs;
  for (const CLI::Option* option : command.get_options()) {
    if (!names_paths(*option) || is_output(*option)) continue;
    for (const std::string& text : option->results()) inputs.push_back({option->get_name(), text});
  }
  return inputs;
}

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

// Returns the first bytes of a file, which tell who wrote the file.
std::string beginning(const fs::path& path) { return data::head_of(path, std::size_t{1} << 16); }

enum class Made { kJson, kReport, kModel, kUtterances };

// Whether a run with these files wrote hypotheses.txt, too: its report lists the file, or, in runs
// of versions whose report lists no files, each of its utterances has a text that was translated.
bool wrote_hypotheses(const fs::path& report, const fs::path& utterances) {
  if (beginning(report).find(concat('"', kHypothesesFile, "\": {")) != std::string::npos)
    return true;
  const std::string bytes = beginning(utterances);
  return bytes.starts_with("{\"id\":") && bytes.find("\"source\":") < bytes.find('\n');
}

// Whether edgeval writes files of this kind that begin as the file does. An empty file may be
// replaced, too.
bool is_ours(const fs::path& path, Made made) {
  const std::string bytes = beginning(path);
  const std::string_view start = bytes;
  if (start.empty()) return true;
  constexpr std::size_t kHeaderLength = 8;  // bytes in front of a model file's header
  switch (made) {
    case Made::kJson:
    case Made::kReport: {
      const bool of_run = start.find("\n  \"policy\": {") != std::string_view::npos;
      return start.starts_with("{\n  \"schema\": ") && of_run == (made == Made::kReport);
    }
    case Made::kModel:
      return start.size() > kHeaderLength &&
             start.substr(kHeaderLength).starts_with("{\"__metadata__\":{\"edgeval\":");
    case Made::kUtterances:
      const std::string_view line = start.substr(0, start.find('\n'));
      return line.starts_with("{\"id\":") && line.find("\"activity\":") != std::string_view::npos;
  }
  return false;
}

void expect_no_input(const fs::path& output, const std::vector<Input>& inputs) {
  for (const Input& input : inputs)
    EDGEVAL_EXPECTS(!is_same(output, input.path), "--out would replace ", output.string(),
                    ", the file of ", input.option, "; give --out another name");
}

void check_file(const fs::path& file, Made made, const std::vector<Input>& inputs) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;  // what is wrong shows when it is written
  expect_no_input(file, inputs);
  EDGEVAL_EXPECTS(::access(file.c_str(), R_OK) == 0, "--out would replace ", file.string(),
                  ", which may not be read; remove it or give --out another name");
  EDGEVAL_EXPECTS(is_ours(file, made), "--out would replace ", file.string(),
                  ", which edgeval did not write; remove it or give --out another name");
}

// Throws Error unless the folder holds files of runs only, since it is replaced as a whole.
void expect_files_of_runs(const fs::path& folder) {
  for (const fs::path& entry : entries_of(folder)) {
    const std::string name = entry.filename().string();
    EDGEVAL_EXPECTS(std::ranges::find(kRunFiles, name) != std::end(kRunFiles), "--out ",
                    folder.string(), " holds ", name,
                    ", which no run of edgeval wrote; give --out another folder, such as ",
                    (folder / "run").string());
    EDGEVAL_EXPECTS(path_kind(entry) == PathKind::kFile, "--out would replace ", entry.string(),
                    ", which is no file; remove it or give --out another folder");
  }
}

// Throws Error when the output's folder is an input or the folder of a test set.
void expect_own_folder(const fs::path& folder, const std::vector<Input>& inputs) {
  std::error_code error;
  for (const Input& input : inputs)
    EDGEVAL_EXPECTS(!is_same(folder, input.path), "--out ", folder.string(), " is the ",
                    fs::is_directory(folder, error) ? "folder" : "file", " of ", input.option,
                    "; give --out a folder of its own");
  // In the folder of a test set, utterances.jsonl would look like one more manifest.
  for (const Input& input : inputs) {
    const fs::path parent = input.path.has_parent_path() ? input.path.parent_path() : ".";
    EDGEVAL_EXPECTS(input.option != "--data" || !is_same(folder, parent), "--out ", folder.string(),
                    " is the folder that ", input.option, " lies in; give --out one of its own");
  }
}

// Throws Error when a run must not write into the folder, which may hold an earlier run. Nothing in
// hypotheses.txt tells who wrote it, but the files beside it do.
void check_folder(const fs::path& folder, const std::vector<Input>& inputs) {
  // This comes first: where the folder cannot be replaced, no message should ask the user to remove
  // a file for a run.
  const bool is_there_already = path_state(folder).kind == PathKind::kFolder;
  if (is_there_already) expect_replaceable(folder);
  const fs::path report = folder / kReportFile, utterances = folder / kUtterancesFile,
                 hypotheses = folder / kHypothesesFile;
  check_file(report, Made::kReport, inputs);
  check_file(utterances, Made::kUtterances, inputs);
  expect_no_input(hypotheses, inputs);
  EDGEVAL_EXPECTS(
      path_state(hypotheses).kind == PathKind::kNothing || wrote_hypotheses(report, utterances),
      "--out would replace ", hypotheses.string(),
      ", which no run of edgeval left there; remove it or give --out another folder");
  expect_own_folder(folder, inputs);
  if (is_there_already) expect_files_of_runs(folder);
}

// Throws Error when a sweep or calibration, which writes these files, must not write into the
// folder: one of them would replace an input. What else the folder may hold, the command checks.
void check_sweep_folder(const fs::path& folder, std::span<const char* const> files,
                        const std::vector<Input>& inputs) {
  for (const char* file : files) expect_no_input(folder / file, inputs);
  expect_own_folder(folder, inputs);
}

// Throws Error when a value is empty. An empty number would read as none, so that --max-loss
// "$LIMIT" without a limit would let everything pass. A split or a positional word may be empty.
void expect_value(const CLI::Option& option) {
  if (option.get_positional() || option.get_name() == "--split") return;
  for (const std::string& text : option.results())
    EDGEVAL_EXPECTS(!text.empty(), option.get_name(), " is empty; give it a value or leave it out");
}

// Whether the command writes names of files into JSON: into its output or into a model file.
bool tells_names_in_json(const CLI::App& command) {
  const CLI::Option* format = command.get_option_no_throw("--format");
  const bool is_json =
      format != nullptr && format->count() > 0 && format->results().back() == "json";
  return is_json || command.get_name() == "import" || command.get_name() == "count";
}

void expect_utf8_names(const CLI::App& command) {
  if (!tells_names_in_json(command)) return;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& text : option->results())
      EDGEVAL_EXPECTS(is_utf8(text), option->get_name(), ": ", text,
                      ": the name is not UTF-8, which JSON cannot hold; rename it");
}

}  // namespace

void check_path_options(const CLI::App& command) {
  const std::vector<Input> inputs = inputs_of(command);
  for (const CLI::Option* option : command.get_options()) {
    if (!names_paths(*option)) {
      expect_value(*option);
      continue;
    }
    for (const std::string& text : option->results())
      EDGEVAL_EXPECTS(!text.empty(), option->get_name(), " is empty; name a ",
                      option->get_type_name() != kFolder ? "file"
                      : is_output(*option)               ? "folder, such as run"
                                                         : "folder (. is the current one)");
  }
  expect_utf8_names(command);
  const CLI::Option* out = command.get_option_no_throw("--out");
  if (out == nullptr) return;
  std::string name = out->results().empty() ? out->get_default_str() : out->results().front();
  if (name.size() > 1 && name.front() == '"' && name.back() == '"')
    name = name.substr(1, name.size() - 2);  // CLI11 keeps a default in the quotes that help shows
  if (name.empty()) return;
  if (command.get_name() == "sweep" || command.get_name() == "merge")
    check_sweep_folder(name, kSweepFiles, inputs);
  else if (command.get_name() == "calibrate")
    check_sweep_folder(name, kCalibrationFiles, inputs);
  else if (out->get_type_name() == kFolder)
    check_folder(name, inputs);
  else
    check_file(name, command.get_name() == "import" ? Made::kModel : Made::kJson, inputs);
}

}  // namespace edgeval
