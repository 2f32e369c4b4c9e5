#include "eval/report/stored_run.hpp"

#include <filesystem>
#include <optional>

#include "eval/report/run_files.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr double kMost = 1e30;  // greatest amount of work that is believed

fs::path utterances_file(const fs::path& path) {
  if (!is_folder(path)) return path;
  const fs::path file = path / kUtterancesFile;
  EDGEVAL_EXPECTS(is_there(file), path.string(), ": is no folder of a run, as it has no ",
                  kUtterancesFile, "; name the --out of an edgeval run");
  return file;
}

// Adds the work of one utterance. Every utterance of a run has the same kinds of work.
void add_work(std::map<std::string, std::vector<double>>& work, const Json& json,
              const Fields& utterance) {
  const Fields macs = utterance.object("activity").object("macs"),
               joules = utterance.object("joules");
  double executed = 0;
  for (const auto& [precision, ignored] : json["activity"]["macs"].items())
    executed += macs.number(precision, 0, kMost);
  work["MACs"].push_back(executed);
  for (const auto& [accelerator, ignored] : json["joules"].items())
    work["joules of " + accelerator].push_back(joules.number(accelerator, 0, kMost));
}

// Returns how many rows the search of an utterance had, or nothing where there was no search.
std::optional<double> rows_of(const Fields& utterance) {
  if (!utterance.has("decoder")) return std::nullopt;
  return utterance.object("decoder").number("rows", 0, kMost);
}

// Returns all references of an utterance, or none when the run had none.
std::vector<std::string> references_of(const Fields& utterance) {
  std::vector<std::string> references;
  if (utterance.has("reference") || utterance.has("further_references"))
    references.push_back(utterance.text("reference"));
  if (!utterance.has("further_references")) return references;
  for (const Json& text : utterance.array("further_references")) {
    EDGEVAL_EXPECTS(text.is_string(), utterance.place(), ": further_references must be texts");
    references.push_back(text);
  }
  return references;
}

void expect_line_of_a_run(const Fields& utterance) {
  for (const char* key : {"id", "hypothesis", "activity", "joules"})
    EDGEVAL_EXPECTS(utterance.has(key), utterance.place(), ": has no key \"", key,
                    "\", so this is no ", kUtterancesFile, " of an edgeval run");
}

// Throws Error when a line is of another run than the lines before it.
void check_run(std::optional<std::string>& run, const Fields& utterance) {
  const std::string of_line = utterance.has("run") ? utterance.text("run") : "";
  if (!run) run = of_line;
  EDGEVAL_EXPECTS(*run == of_line, utterance.place(), ": is of run ", shown(of_line),
                  ", the lines before it of run ", shown(*run));
}

// Reads a line. Returns rows_of() the utterance.
std::optional<double> add_utterance(Outputs& outputs, std::string_view line,
                                    const std::string& place, std::optional<std::string>& run) {
  const Json json = parse_json(line, place);
  const Fields utterance(json, place);
  expect_line_of_a_run(utterance);
  check_run(run, utterance);
  const std::vector<std::string> references = references_of(utterance);
  outputs.ids.push_back(utterance.text("id"));
  if (outputs.ids.size() == 1) {
    outputs.references.resize(references.size());
    if (utterance.has("source")) outputs.source = OutputSource::kText;
  }
  EDGEVAL_EXPECTS(outputs.references.size() == references.size(), place,
                  ": the utterances do not all have as many references");
  for (std::size_t which = 0; which < references.size(); ++which)
    outputs.references[which].push_back(references[which]);
  outputs.hypotheses.push_back(utterance.text("hypothesis"));
  add_work(outputs.work, json, utterance);
  for (const auto& [kind, amounts] : outputs.work)
    EDGEVAL_EXPECTS(amounts.size() == outputs.ids.size(), place,
                    ": the utterances do not all have ", kind);
  return rows_of(utterance);
}

}  // namespace

bool is_run(const std::string& path) {
  EDGEVAL_EXPECTS(is_there(path), path,
                  ": no such file or folder; compare takes the folders of two runs, or two files "
                  "of hypotheses with --reference");
  EDGEVAL_EXPECTS(fs::path(path).filename() != "report.json", path,
                  ": is the report of a run; name its folder, where ", kUtterancesFile, " is");
  return is_folder(path) || fs::path(path).extension() == ".jsonl";
}

Outputs read_run(const std::string& path) {
  const fs::path file = utterances_file(path);
  const std::string bytes = read_file(file);
  expect_utf8(bytes, file);
  Outputs outputs{.source = OutputSource::kAudio};
  std::optional<std::string> run;
  std::size_t number = 0;
  std::vector<double> rows;  // 0 for an utterance that was not searched, as one without words
  bool searched = false;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    ++number;
    if (trimmed(line).empty()) continue;
    const auto of_line = add_utterance(outputs, line, concat(file.string(), ":", number), run);
    rows.push_back(of_line.value_or(0));
    searched |= of_line.has_value();
  }
  if (searched) outputs.work["rows of the search"] = std::move(rows);
  EDGEVAL_EXPECTS(!outputs.ids.empty(), file.string(), ": holds no utterance");
  if (fs::is_directory(path)) expect_report_of(*run, path, bytes);
  return outputs;
}

}  // namespace edgeval
