#include "eval/report/run_files.hpp"

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kDigits = 16;  // number of digits of an id

// Returns the id: a hash of everything but what may differ between equal runs, which is the
// program, the command line, the time that the run took, and the paths of its inputs.
std::string id_of(ordered_json report, const NamedTexts& others) {
  for (const char* key : {"run", "files", "edgeval", "invocation", "timing"}) report.erase(key);
  report["model"].erase("path");
  for (const char* key : {"path", "references"}) report["data"].erase(key);
  std::string hashes = sha256(to_text(report));
  for (const auto& [name, text] : others) hashes += " " + name + " " + sha256(text);
  return sha256(hashes).substr(0, kDigits);
}

// Adds the id to each line, which must be a JSON object with keys.
std::string with_id(const std::string& lines, const std::string& id) {
  const std::string end = ",\"run\":\"" + id + "\"}\n";
  std::string result;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t line_end = lines.find('\n', at);
    EDGEVAL_ASSERT(line_end != std::string::npos && line_end > at && lines[line_end - 1] == '}');
    result.append(lines, at, line_end - 1 - at).append(end);
    at = line_end + 1;
  }
  return result;
}

}  // namespace

NamedTexts run_files(ordered_json report, NamedTexts others) {
  const std::string id = id_of(report, others);
  report["run"] = id;
  report["files"] = ordered_json::object();
  for (auto& [name, text] : others) {
    if (name == kUtterancesFile) text = with_id(text, id);
    report["files"][name] = {{"sha256", sha256(text)}};
  }
  NamedTexts files{{kReportFile, to_text(report)}};
  files.insert(files.end(), others.begin(), others.end());
  return files;
}

void expect_report_of(const std::string& run, const std::filesystem::path& folder,
                      std::string_view utterances) {
  const std::string path = (folder / kReportFile).string(),
                    alone = (folder / kUtterancesFile).string();
  if (!is_there(path)) {
    EDGEVAL_EXPECTS(run.empty(), folder.string(), ": has no ", kReportFile,
                    ", so it is not all of a run; name ", alone, " to take that alone");
    return;
  }
  const Json json = parse_json(read_file(path), path);
  const Fields report(json, path);
  const std::string other = report.has("run") ? report.text("run") : "";
  EDGEVAL_EXPECTS(other == run, path, ": is of run ", other.empty() ? "unknown" : other, ", ",
                  kUtterancesFile, " beside it of run ", run.empty() ? "unknown" : run,
                  "; put the files of one run together, or run again with --out ", folder.string());
  if (run.empty()) return;
  const std::string hash = report.object("files").object(kUtterancesFile).text("sha256");
  EDGEVAL_EXPECTS(hash == sha256(utterances), alone, ": is not what the run wrote, as its hash in ",
                  kReportFile, " says; name ", alone, " to take it as it is");
}

}  // namespace edgeval
