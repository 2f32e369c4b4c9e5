// The files of a finished run, tied together by its id: a hash of its inputs and results, which
// every line of utterances.jsonl and the report carry, so that files of two runs are never taken
// for one. Equal runs have equal ids, on every machine.
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
inline constexpr const char* kHypothesesFile = "hypotheses.txt";  // of translations
inline constexpr const char* kRunFiles[] = {kReportFile, kUtterancesFile, kHypothesesFile};

// By name and text.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

// The report, whose keys "run" and "files" (the hash of each of the others) are filled in, and
// `others` with the id at the end of every line of utterances.jsonl.
NamedTexts run_files(nlohmann::ordered_json report, NamedTexts others);

// Throws Error unless the report in the folder is of this run and has the hash of these utterances.
// `run` is empty in files of versions that wrote none.
void expect_report_of(const std::string& run, const std::filesystem::path& folder,
                      std::string_view utterances);

}  // namespace edgeval
