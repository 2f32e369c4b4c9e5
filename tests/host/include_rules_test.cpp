// Who may include whom (docs/architecture.md): technique and numeric below core below model below
// engine below cuda; datasets sees core; hwmodel sees Activity, errors, names and files; eval sees
// all, and nothing sees eval. Checked on every #include of every source file.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "host/core/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// The part of the program a file belongs to: "host/core/file.hpp" -> "host/core", "eval/main.cpp"
// -> "eval".
std::string part_of(const std::string& file) {
  const std::size_t first = file.find('/');
  if (first == std::string::npos) return "";
  const std::string folder = file.substr(0, first);
  return folder == "host" ? file.substr(0, file.find('/', first + 1)) : folder;
}

const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::set<std::string> basis{"host/technique", "host/numeric"};
  static const auto with = [](std::set<std::string> below,
                              std::initializer_list<std::string> more) {
    below.insert(more);
    return below;
  };
  static const std::set<std::string> core = with(basis, {"host/core"});
  static const std::set<std::string> model = with(core, {"host/model"});
  static const std::set<std::string> engine = with(model, {"host/engine"});
  static const std::map<std::string, std::set<std::string>> rules{
      {"host/technique", basis},
      {"host/numeric", basis},
      {"host/core", core},
      {"host/model", model},
      {"host/engine", engine},
      {"cuda", with(engine, {"cuda"})},
      {"datasets", with(core, {"datasets"})},
      {"hwmodel", {"hwmodel"}},
      {"eval", with(engine, {"cuda", "datasets", "hwmodel", "eval"})},
      {"tests", with(engine, {"cuda", "datasets", "hwmodel", "eval", "tests"})}};
  return rules;
}

// Beside its own folder, hwmodel sees these alone.
const std::set<std::string> kSeenByHwmodel{"host/core/activity.hpp", "host/core/error.hpp",
                                           "host/core/names.hpp", "host/core/file.hpp",
                                           "host/core/path.hpp"};

// Why `file` must not include `target`; empty when it may.
std::string violation(const std::string& file, const std::string& target) {
  const std::string part = part_of(file), seen = part_of(target);
  const auto rule = allowed().find(part);
  if (rule == allowed().end()) return file + " lies in no part that design knows";
  if (!allowed().contains(seen))
    return file + " includes " + target + ", which is not rooted at the repository";
  if (rule->second.contains(seen) || (part == "hwmodel" && kSeenByHwmodel.contains(target)))
    return "";
  return file + " includes " + target + ": " + part + " must not see " + seen;
}

// The targets of #include "..." in a source.
std::vector<std::string> quoted_includes(const std::string& source) {
  static const std::regex include(R"re(^\s*#\s*include\s*"([^"]*)")re");
  std::vector<std::string> targets;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);)
    if (std::smatch match; std::regex_search(line, match, include)) targets.push_back(match[1]);
  return targets;
}

std::vector<std::string> sources() {
  static const std::set<std::string> endings{".hpp", ".cpp", ".cuh", ".cu", ".h"};
  std::vector<std::string> files;
  for (const char* folder : {"host", "cuda", "datasets", "hwmodel", "eval", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(source_folder() / folder))
      if (endings.contains(entry.path().extension().string()))
        files.push_back(fs::relative(entry.path(), source_folder()).generic_string());
  return files;
}

TEST(IncludeRules, EveryFileIncludesOnlyWhatItMaySee) {
  std::size_t includes = 0;
  for (const std::string& file : sources())
    for (const std::string& target : quoted_includes(read_file(source_folder() / file))) {
      ++includes;
      EXPECT_EQ(violation(file, target), "");
      EXPECT_TRUE(fs::exists(source_folder() / target))
          << file << " includes " << target << ", which is not there";
    }
  EXPECT_GT(includes, 300u);  // the test itself is not blind
}

TEST(IncludeRules, AHeaderIncludesItselfOnce) {
  for (const std::string& file : sources())
    EXPECT_TRUE(file.ends_with(".cpp") || file.ends_with(".cu") ||
                read_file(source_folder() / file).find("#pragma once") != std::string::npos)
        << file;
}

// What runs on both devices gives the same bits on both (host/numeric/host_device.hpp), so it calls
// no mathematics library, whose last bits differ.
TEST(IncludeRules, BodiesAndKernelsCallNoMathematicsLibrary) {
  static const std::regex call(
      R"re(\b(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|sinh|cosh|tanh|cbrt|fma)f?\()re");
  std::size_t files = 0;
  for (const std::string& file : sources()) {
    const bool body = file.starts_with("host/engine/body/") ||
                      file == "host/numeric/nonlinear.hpp" || file == "host/numeric/softmax.hpp";
    const bool kernel = file.ends_with(".cu") || file.ends_with(".cuh");
    if (!body && !(kernel && file.starts_with("cuda/"))) continue;
    ++files;
    std::istringstream lines(read_file(source_folder() / file));
    for (std::string line; std::getline(lines, line);)
      EXPECT_FALSE(std::regex_search(line.substr(0, line.find("//")), call))
          << file << ": " << line;
  }
  EXPECT_GT(files, 20U);
  EXPECT_TRUE(std::regex_search("x + std::log(sum);", call));
}

TEST(IncludeRules, AViolationIsFound) {
  const std::vector<std::pair<std::string, std::string>> forbidden{
      {"host/technique/a.hpp", "host/core/error.hpp"},
      {"host/numeric/a.hpp", "host/model/graph.hpp"},
      {"host/core/a.cpp", "host/model/graph.hpp"},
      {"host/model/a.cpp", "host/engine/engine.hpp"},
      {"host/engine/a.cpp", "cuda/engine.hpp"},
      {"host/engine/a.cpp", "eval/policy.hpp"},
      {"cuda/a.cu", "eval/policy.hpp"},
      {"cuda/a.cu", "hwmodel/pricing.hpp"},
      {"datasets/a.cpp", "host/model/graph.hpp"},
      {"datasets/a.cpp", "eval/quality.hpp"},
      {"hwmodel/a.cpp", "host/core/matrix.hpp"},
      {"hwmodel/a.cpp", "datasets/audio.hpp"},
      {"host/engine/a.cpp", "hwmodel/pricing.hpp"},
      {"eval/a.cpp", "tests/support/paths.hpp"},
      {"eval/a.cpp", "policy.hpp"},
      {"eval/a.cpp", "../host/core/error.hpp"}};
  for (const auto& [file, target] : forbidden)
    EXPECT_NE(violation(file, target), "") << file << " " << target;
  EXPECT_EQ(violation("hwmodel/a.cpp", "host/core/activity.hpp"), "");
  EXPECT_EQ(violation("host/engine/a.cpp", "host/technique/plan.hpp"), "");
  EXPECT_EQ(
      quoted_includes("#include <vector>\n  # include \"a/b.hpp\"  // x\n#include \"c.hpp\"\n"),
      (std::vector<std::string>{"a/b.hpp", "c.hpp"}));
}

}  // namespace
}  // namespace edgeval::test
