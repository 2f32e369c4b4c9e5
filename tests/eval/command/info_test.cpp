// `edgeval info` and `--help` say what the program can do, and the examples in them work.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "eval/policy/policy.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kVerbs{"run", "profile", "energy", "score", "count", "info"};

// Returns the indented lines behind "Example" in a command's help, which are a script.
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
  for (const char* part : {("edgeval " EDGEVAL_VERSION), "CPU, ", "similarity_skip",
                           "threshold = to be given", "range = ", "gru: GRU cells", "reuse32",
                           "epur28", "epur28_memo", "epur28_sip", "similarity65"})
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
        if (parameter.at("must_be_given")) policy[axis][Json::json_pointer("/" + key)] = 0.5;
      }
      const std::string setting = axis + "=" + policy.at(axis).dump();  // JSON is YAML, too
      EXPECT_NO_THROW(load_policy(std::nullopt, {setting})) << setting;
    }
  }
}

// Returns the first line that is wider than a terminal, in code points.
std::string wide_line(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }) > 80) return line;
  return "";
}

// Expects `edgeval info NAME` to print lines that fit a terminal, one of which begins with the name
// and `part`.
void expect_told(const std::string& name, const std::string& part) {
  const CommandResult result = edgeval({"info", name});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(("\n" + result.out).find("\n" + name + part), std::string::npos) << result.out;
  EXPECT_EQ(wide_line(result.out), "");
}

TEST(Info, TellsOfEveryNameInLinesOf80Columns) {
  EXPECT_EQ(wide_line(edgeval({"info"}).out), "");
  const Json info = Json::parse(edgeval({"info", "--format", "json"}).out);
  for (const auto& [axis, choices] : info.at("axes").items()) {
    expect_told(axis, ": an axis");
    for (const Json& choice : choices) {
      const std::string type = choice.at("type");
      expect_told(type, ": a choice of the axis " + axis);
      const std::string text = edgeval({"info", type}).out;
      for (const Json& parameter : choice.at("parameters"))
        EXPECT_NE(text.find("\n  " + parameter.at("key").get<std::string>() + ": "),
                  std::string::npos)
            << text;
    }
  }
  for (const Json& layer : info.at("layers")) expect_told(layer.at("type"), ": a kind of layer");
  std::size_t files = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(source_folder() / "hwmodel/accelerators")) {
    expect_told(file.path().stem(), ": an accelerator");
    ++files;
  }
  EXPECT_EQ(info.at("accelerators").size(), files);
}

// The constants are those of hwmodel/accelerators/reuse32.yaml.
TEST(Info, TellsAnAcceleratorsConstants) {
  const std::string text = edgeval({"info", "reuse32"}).out;
  for (const char* part :
       {"P3: Riera, Arnau, Gonzalez", "chip: 32 nm, 500 MHz, 0.78 V\n",
        "  weight_memory: 36 MB of eDRAM, ", "    static: 35.1 mW [35.1, 1332]\n",
        "    read: 23.3 pJ [12.5, 38.3]\n      CACTI 7, LP-eDRAM 8 MiB, 1224 pJ per 128 B"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  const Json json = Json::parse(edgeval({"info", "reuse32", "--format", "json"}).out);
  ASSERT_EQ(json.at("accelerators").size(), 1u);
  EXPECT_TRUE(json.at("axes").empty());
  EXPECT_NE(edgeval({"info", "cpu1"}).out.find("lower bound: no such core can leave out"),
            std::string::npos);
  const Json& dram = json["accelerators"][0]["components"].back();
  EXPECT_EQ(dram.at("static").at("range"), (Json{4.8, 152}));
  EXPECT_EQ(dram.at("actions").at("read_bit").at("pj"), 8.6);
}

// Info names an arithmetic as priced by an accelerator exactly where a run under it is priced.
TEST(Info, PricesWhatARunPrices) {
  const TemporaryFolder folder;
  const Json info = Json::parse(edgeval({"info", "--format", "json"}).out);
  for (const char* arithmetic : {"fp32", "int16", "int8"})
    for (const Json& accelerator : info.at("accelerators")) {
      const CommandResult run =
          edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), "--limit", "1",
                   "--quiet", "--no-reference", "--profile", spoken_data() + "/profile.json",
                   "--hardware", accelerator.at("name"), "--set",
                   std::string("arithmetic.type=") + arithmetic, "--out", folder.path()});
      const Json& priced = accelerator.at("prices");
      const bool listed = std::ranges::find(priced, Json(arithmetic)) != priced.end();
      EXPECT_EQ(run.code, listed ? 0 : 1) << accelerator.at("name") << ", " << arithmetic << "\n"
                                          << run.err;
    }
}

TEST(Info, AProfileGivesWhatItIsSaidToGive) {
  const Json info = Json::parse(edgeval({"info", "--format", "json"}).out);
  std::vector<std::string> open;
  for (const auto& [axis, choices] : info.at("axes").items())
    for (const Json& choice : choices)
      for (const Json& parameter : choice.at("parameters"))
        if (parameter.at("from_profile"))
          open.push_back(choice["type"].get<std::string>() + "." +
                         parameter["key"].get<std::string>());
  std::ranges::sort(open);  // docs/formats/policy.md
  EXPECT_EQ(open, (std::vector<std::string>{
                      "dynamic.sigma_max", "dynamic.sigma_min", "dynamic_precision.input_alpha",
                      "int16.input_bits", "int8.input_bits", "reuse.range",
                      "similarity_skip.delta_scale", "similarity_skip.fraction_bits"}));
  const std::string text = edgeval({"info", "reuse"}).out;
  EXPECT_NE(text.find("  range: [least, greatest] value of x and h\n"
                      "    default: what the profile gives\n"),
            std::string::npos)
      << text;
}

TEST(Info, OneNameMayBeTwoThings) {
  const std::string text = edgeval({"info", "pruned"}).out;
  EXPECT_NE(text.find("pruned: a choice of the axis weights"), std::string::npos);
  EXPECT_NE(text.find("pruned: a choice of the axis beam"), std::string::npos);
}

TEST(Info, SuggestsANameForAnUnknownOne) {
  EXPECT_TRUE(is_refusal(edgeval({"info", "reuse_32"}), "did you mean reuse32?"));
  EXPECT_TRUE(is_refusal(edgeval({"info", "similarity-skip"}), "did you mean similarity_skip?"));
  EXPECT_TRUE(is_refusal(edgeval({"info", "frobnication-by-moonlight"}), "edgeval info lists"));
}

}  // namespace
}  // namespace edgeval::test
