// Ties the files of a finished run together by an id, so that files of two runs are never taken for
// those of one. The id is a hash of the run's inputs and results, and stands in the report and in
// every line of utterances.jsonl. Equal runs have equal ids on every machine.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgeval {

inline constexpr const char* kReportFile = "report.json";
inline constexpr const char* kUtterancesFile = "utterances.jsonl";
inline constexpr const char* kHypothesesFile = "hypotheses.txt";  // for translations only
inline constexpr const char* kRunFiles[] = {kReportFile, kUtterancesFile, kHypothesesFile};

// The name and the text of each file.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

// Returns the report and `others`, the run's other files. Fills in the report's keys "run", the id,
// and "files", the hash of each other file, and adds the id to every line of utterances.jsonl.
NamedTexts run_files(nlohmann::ordered_json report, NamedTexts others);

// Throws Error unless the report in the folder is of the run with this id and has the hash of these
// utterances. `run` is empty for files of versions that wrote no id; they may lack the report.
void expect_report_of(const std::string& run, const std::filesystem::path& folder,
                      std::string_view utterances);

}  // namespace edgeval
