// `edgeval info` and `--help`: what the program says about itself, and that its examples work.
#include <gtest/gtest.h>
#include <algorithm>

#include <nlohmann/json.hpp>
#include <sstream>

#include "eval/policy.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kVerbs{"run", "profile", "energy", "score", "count", "info"};

// The indented lines behind "Example" of a command's help: a script.
std::string example(const std::string& verb) {
  std::istringstream help(edgeval({verb, "--help"}).out);
  std::string script;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (inside && line.starts_with("  ")) script += line + "\n";
    inside = inside || line.starts_with("Example");
  }
  return script;
}

TEST(Help, EveryCommandShowsItsOptionsAndAnExample) {
  for (const std::string& verb : kVerbs) {
    const CommandResult help = edgeval({verb, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("Usage: edgeval " + verb), std::string::npos) << help.out;
    EXPECT_NE(example(verb).find("edgeval " + verb), std::string::npos) << help.out;
  }
  const CommandResult all = edgeval({"--help"});
  EXPECT_EQ(all.code, 0);
  for (const std::string& verb : kVerbs)
    EXPECT_NE(all.out.find("\n  " + verb + " "), std::string::npos) << all.out;
}

TEST(Help, TheExamplesWork) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(source_folder() / "datasets", folder.path() / "datasets");
  for (const std::string& verb : kVerbs) {  // energy prices what the example of run left behind
    const CommandResult result = run_shell("set -e\n" + example(verb), folder.path());
    EXPECT_EQ(result.code, 0) << example(verb) << result.err;
    EXPECT_FALSE(result.out.empty());
  }
  for (const char* made : {"out/report.json", "out/utterances.jsonl", "profile.json"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / made)) << made;
}

TEST(Help, TheVersionIsThatOfTheReport) {
  const CommandResult version = edgeval({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out, EDGEVAL_VERSION "\n");
}

TEST(Info, ListsTechniquesDevicesAndAccelerators) {
  const CommandResult text = edgeval({"info"});
  EXPECT_EQ(text.code, 0);
  for (const char* part : {"edgeval " EDGEVAL_VERSION, "CPU, ", "similarity_skip",
                           "threshold = 0.5", "range = ", "gru: GRU cells", "reuse32", "epur28",
                           "epur28_memo", "epur28_sip", "similarity65"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " is not in\n" << text.out;
}

// Each choice with each of its parameters at the default that info shows is a policy.
TEST(Info, EveryListedParameterIsAKeyOfThePolicy) {
  const Json info = Json::parse(edgeval({"info", "--format", "json"}).out);
  EXPECT_EQ(info.at("axes").size(), 6u);
  for (const auto& [axis, choices] : info.at("axes").items()) {
    EXPECT_FALSE(choices.empty());
    for (const Json& choice : choices) {
      Json policy{{axis, {{"type", choice.at("type")}}}};
      for (const Json& parameter : choice.at("parameters")) {
        const Json& value = parameter.at("default");
        const bool open = value.is_null() || (value.is_array() && value[0].is_null());
        std::string key = parameter.at("key");  // pseudo.clip is clip within the map pseudo
        std::ranges::replace(key, '.', '/');
        if (!open) policy[axis][Json::json_pointer("/" + key)] = value;
      }
      const std::string setting = axis + "=" + policy.at(axis).dump();  // JSON is YAML, too
      EXPECT_NO_THROW(load_policy(std::nullopt, {setting})) << setting;
    }
  }
}

}  // namespace
}  // namespace edgeval::test
