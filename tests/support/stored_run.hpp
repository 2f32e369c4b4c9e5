// Calls `edgeval run` as a user would, and reads the files that it leaves.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/core/files/file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

struct StoredRun {
  CommandResult command;
  std::string report_bytes, utterances_bytes;
  std::string hypotheses;  // of a translation
  nlohmann::json report;
  std::vector<nlohmann::json> utterances;
};

// Runs the program with these arguments, the first of which is "run". Throws with what the program
// says where it fails.
inline StoredRun stored_run(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  StoredRun run;
  run.command = edgeval(arguments, folder.path());
  if (run.command.code != 0) throw std::runtime_error(run.command.err);
  const std::filesystem::path out = folder.path() / "out";
  run.report_bytes = read_file(out / "report.json");
  run.utterances_bytes = read_file(out / "utterances.jsonl");
  if (std::filesystem::exists(out / "hypotheses.txt"))
    run.hypotheses = read_file(out / "hypotheses.txt");
  run.report = nlohmann::json::parse(run.report_bytes);
  std::istringstream lines(run.utterances_bytes);
  for (std::string line; std::getline(lines, line);)
    run.utterances.push_back(nlohmann::json::parse(line));
  return run;
}

// Returns the report without what may differ from run to run.
inline nlohmann::json comparable(nlohmann::json report) {
  report.erase("timing");
  report.erase("invocation");
  report.at("edgeval").erase("device");
  return report;
}

}  // namespace edgeval::test
