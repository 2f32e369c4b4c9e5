#include "eval/outputs.hpp"

#include <filesystem>
#include <optional>

#include "eval/run_files.hpp"
#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/core/json.hpp"
#include "host/core/path.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr double kMost = 1e30;  // of any amount of work

fs::path utterances_file(const fs::path& path) {
  if (!is_folder(path)) return path;
  const fs::path file = path / kUtterancesFile;
  EDGEVAL_EXPECTS(is_there(file), path.string(), ": is no folder of a run, as it has no ",
                  kUtterancesFile, "; name the --out of an edgeval run");
  return file;
}

// Adds what one utterance cost; every utterance of a run has the same kinds.
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

// The first reference and the further ones; none where the run had none.
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

// All lines are of one run.
void check_run(std::optional<std::string>& run, const Fields& utterance) {
  const std::string of_line = utterance.has("run") ? utterance.text("run") : "";
  if (!run) run = of_line;
  EDGEVAL_EXPECTS(*run == of_line, utterance.place(), ": is of run ", shown(of_line),
                  ", the lines before it of run ", shown(*run));
}

void add_utterance(Outputs& outputs, std::string_view line, const std::string& place,
                   std::optional<std::string>& run) {
  const Json json = parse_json(line, place);
  const Fields utterance(json, place);
  expect_line_of_a_run(utterance);
  check_run(run, utterance);
  const std::vector<std::string> references = references_of(utterance);
  outputs.ids.push_back(utterance.text("id"));
  if (outputs.ids.size() == 1) {
    outputs.references.resize(references.size());
    if (utterance.has("source")) outputs.source = OutputSource::kTranslation;
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
}

void expect_references(const Outputs& outputs, const std::string& path) {
  EDGEVAL_EXPECTS(!outputs.references.empty(), path,
                  " has no references; run it again with --reference, or compare the "
                  "hypotheses.txt of both runs with --reference FILE");
}

const char* described(OutputSource source) {
  return source == OutputSource::kSpeech ? "speech" : "translations";
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
  Outputs outputs{.source = OutputSource::kSpeech};
  std::optional<std::string> run;
  std::size_t number = 0;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    ++number;
    if (!trimmed(line).empty())
      add_utterance(outputs, line, concat(file.string(), ":", number), run);
  }
  EDGEVAL_EXPECTS(!outputs.ids.empty(), file.string(), ": holds no utterance");
  if (fs::is_directory(path)) expect_report_of(*run, path, bytes);
  return outputs;
}

Outputs read_hypotheses(const std::string& path, const MetricChoice& choice) {
  for (const std::string& reference : choice.references)
    EDGEVAL_EXPECTS(path_kind(reference) != PathKind::kPipe, "--reference ", reference,
                    ": is a pipe, which can be read once only, and A and B both want it; write it "
                    "to a file");
  const std::vector<TranscriptPair> pairs = choice.read(path);
  return {.ids = pairs.front().ids,
          .references = references_of(pairs),
          .hypotheses = pairs.front().hypotheses,
          .missing = pairs.front().missing};
}

void expect_comparable(const Outputs& a, const Outputs& b, const std::string& path_a,
                       const std::string& path_b) {
  constexpr const char* kCure =
      "; compare runs of one test set, with the same --split, --limit and --utterance";
  EDGEVAL_EXPECTS(a.source == b.source, path_a, " is a run of ", described(a.source), ", ", path_b,
                  " one of ", described(b.source), kCure);
  EDGEVAL_EXPECTS(a.ids.size() == b.ids.size(), path_a, " has ", a.ids.size(), " utterances, ",
                  path_b, " has ", b.ids.size(), kCure);
  expect_references(a, path_a);
  expect_references(b, path_b);
  EDGEVAL_EXPECTS(a.references.size() == b.references.size(),
                  "references of each utterance: ", path_a, " has ", a.references.size(), ", ",
                  path_b, " has ", b.references.size(),
                  "; run both with the same --reference, or compare the hypotheses.txt of both "
                  "with --reference FILE");
  for (std::size_t n = 0; n < a.ids.size(); ++n) {
    EDGEVAL_EXPECTS(a.ids[n] == b.ids[n], "utterance ", n + 1, " is ", shown(a.ids[n]), " in ",
                    path_a, " and ", shown(b.ids[n]), " in ", path_b, kCure);
    for (std::size_t which = 0; which < a.references.size(); ++which)
      EDGEVAL_EXPECTS(a.references[which][n] == b.references[which][n], "utterance ",
                      shown(a.ids[n]), " has another reference in ", path_a, " than in ", path_b,
                      kCure, ", --case and --normalize");
  }
}

}  // namespace edgeval
