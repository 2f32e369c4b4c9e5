// What `cmake --install` installs works from any folder to which it is moved and finds its own
// files; its manual page and completions name every command and option of the program's help.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/command_help.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Installs the program into one folder and moves it to another, once for all tests.
class Install : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const CommandResult result =
        run_shell(quoted(EDGEVAL_CMAKE) + " --install " + quoted(EDGEVAL_BUILD_FOLDER) +
                  " --prefix " + quoted((folder_->path() / "first").string()));
    ASSERT_EQ(result.code, 0) << result.err;
    fs::rename(folder_->path() / "first", prefix());
  }
  static void TearDownTestSuite() { delete folder_; }

  static fs::path prefix() { return folder_->path() / "second place"; }
  static fs::path share() { return prefix() / EDGEVAL_DATADIR / "edgeval"; }

  // Runs it as a user without EDGEVAL_SHARE, from a folder that has nothing to do with it.
  static CommandResult installed(const std::string& arguments,
                                 const std::string& environment = "") {
    return run_shell("unset EDGEVAL_SHARE; " + environment + " " +
                         quoted((prefix() / EDGEVAL_BINDIR / "edgeval").string()) + " " + arguments,
                     fs::temp_directory_path());
  }

 private:
  static inline TemporaryFolder* folder_ = nullptr;
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST_F(Install, FindsItsOwnAccelerators) {
  const CommandResult info = installed("info reuse32");
  EXPECT_EQ(info.code, 0) << info.err;
  EXPECT_NE(info.out.find("reuse32: an accelerator"), std::string::npos);
  // It lists the accelerators beside it, not those of the folder it was built from.
  fs::copy_file(share() / "hwmodel/accelerators/reuse32.yaml",
                share() / "hwmodel/accelerators/mine.yaml");
  run_shell("sed -i 's/^name: reuse32/name: mine/' " +
            quoted((share() / "hwmodel/accelerators/mine.yaml").string()));
  EXPECT_EQ(installed("info mine").code, 0);
  fs::remove(share() / "hwmodel/accelerators/mine.yaml");
  EXPECT_EQ(installed("info mine").code, 1);
}

TEST_F(Install, TheEnvironmentComesFirst) {
  const TemporaryFolder other;
  fs::create_directories(other.path() / "hwmodel/accelerators");
  fs::copy_file(share() / "hwmodel/accelerators/cpu1.yaml",
                other.path() / "hwmodel/accelerators/cpu1.yaml");
  const std::string environment = "EDGEVAL_SHARE=" + quoted(other.path().string());
  EXPECT_EQ(installed("info cpu1", environment).code, 0);
  EXPECT_TRUE(is_refusal(installed("info epur28", environment), "unknown name epur28"));
  EXPECT_TRUE(is_refusal(installed("info", "EDGEVAL_SHARE=/nonexistent"),
                         "EDGEVAL_SHARE: /nonexistent has no folder hwmodel/accelerators"));
  EXPECT_EQ(installed("info epur28", "EDGEVAL_SHARE=").code, 0);
}

TEST_F(Install, RunsTheTestSetsThatShip) {
  const TemporaryFolder out;
  const std::string options = " --limit 2 --quiet --format json --out " + quoted(out.path());
  const std::string spoken = quoted((share() / "datasets/spoken").string()),
                    captions = quoted((share() / "datasets/captions").string());
  const CommandResult run =
      installed("run --model " + spoken + "/speech-blstm3x128.safetensors --data " + spoken +
                " --policy " + spoken + "/skip_delta.yaml" + options);
  ASSERT_EQ(run.code, 0) << run.err;
  const Json report = Json::parse(run.out);
  EXPECT_EQ(report.at("data").at("utterances"), 2);
  EXPECT_FALSE(report.at("energy").empty());
  const CommandResult translation =
      installed("run --model " + captions + "/multi30k-en-de.safetensors --data " + captions +
                "/captions.en --reference " + captions + "/captions.de --policy " + captions +
                "/dynamic.yaml" + options);
  ASSERT_EQ(translation.code, 0) << translation.err;
  EXPECT_EQ(Json::parse(translation.out).at("data").at("sentences"), 2);
}

TEST_F(Install, HasWhatARunNeedsAndNoPython) {
  EXPECT_EQ(names_in(share() / "hwmodel/accelerators"),
            names_in(source_folder() / "hwmodel/accelerators"));
  EXPECT_EQ(names_in(share() / "datasets"), (std::set<std::string>{"captions", "spoken"}));
  EXPECT_EQ(names_in(share() / "datasets/spoken/test").size(), 120u);
  for (const char* name :
       {"LICENSE", "README.md", "docs/formats.md", "docs/formats/policy.md", "docs/techniques.md"})
    EXPECT_TRUE(fs::exists(prefix() / EDGEVAL_DOCDIR / name)) << name;
  for (const auto& entry : fs::recursive_directory_iterator(prefix()))
    EXPECT_NE(entry.path().extension(), ".py") << entry.path();
}

std::string with_dashes_escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2)
    text.insert(at, 1, '\\');
  return text;
}

TEST_F(Install, TheManualPageHasEveryCommandAndOption) {
  const std::string page = read_file(prefix() / EDGEVAL_MANDIR / "man1/edgeval.1");
  for (const char* section : {".TH EDGEVAL 1 ", ".SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n",
                              ".SH COMMANDS\n", ".SH EXIT STATUS\n", ".SH ENVIRONMENT\n"})
    EXPECT_NE(page.find(section), std::string::npos) << section;
  ASSERT_GE(commands().size(), 9u);
  for (const std::string& command : commands()) {
    const std::size_t start = page.find(".SS \"edgeval " + command + " [OPTIONS]");
    ASSERT_NE(start, std::string::npos) << command;
    const std::string part = page.substr(start, page.find("\n.SS ", start) - start);
    for (const std::string& option : options_of(command))
      EXPECT_NE(part.find("\\fB" + with_dashes_escaped(option) + "\\fR"), std::string::npos)
          << command << " " << option;
  }
}

TEST_F(Install, ManFormatsThePageWithoutAWarning) {
  if (run_shell("command -v groff").code != 0) GTEST_SKIP() << "no groff here";
  const CommandResult page = run_shell(
      "groff -man -ww -Tutf8 " + quoted((prefix() / EDGEVAL_MANDIR / "man1/edgeval.1").string()));
  EXPECT_EQ(page.code, 0);
  EXPECT_EQ(page.err, "");
  EXPECT_NE(page.out.find("edgeval count"), std::string::npos);
}

// Returns what bash proposes for the last of some words.
std::string completed(const fs::path& script, const std::vector<std::string>& words) {
  std::string line = ". " + test::quoted(script.string()) + "; COMP_WORDS=(";
  for (const std::string& word : words) line += " " + test::quoted(word);
  line +=
      "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _edgeval; echo \"${COMPREPLY[*]}\"";
  const CommandResult result = run_shell("bash -c " + test::quoted(line));
  EXPECT_EQ(result.err, "");
  return result.out;
}

TEST_F(Install, BashCompletesCommandsOptionsAndValues) {
  if (run_shell("command -v bash").code != 0) GTEST_SKIP() << "no bash here";
  const fs::path script = prefix() / EDGEVAL_DATADIR / "bash-completion/completions/edgeval";
  std::string all = "-h --help --version";
  for (const std::string& command : commands()) {
    all += " " + command;
    const std::string proposed = " " + completed(script, {"edgeval", command, "--"});
    for (const std::string& option : options_of(command))
      EXPECT_NE(proposed.find(" " + option), std::string::npos) << command << " " << option;
  }
  EXPECT_EQ(completed(script, {"edgeval", ""}), all + "\n");
  EXPECT_EQ(completed(script, {"edgeval", "run", "--ref"}), "--reference --reference-perplexity\n");
  EXPECT_EQ(completed(script, {"edgeval", "run", "--format", ""}), "text json\n");
  EXPECT_EQ(completed(script, {"edgeval", "run", "--format", "=", "j"}), "json\n");
  EXPECT_EQ(completed(script, {"edgeval", "run", "--hardware", "cpu1", "reu"}), "reuse32\n");
  EXPECT_EQ(completed(script, {"edgeval", "info", "similarity_"}), "similarity_skip\n");
  EXPECT_EQ(completed(script, {"edgeval", "count", "--steps", "3", "datase"}), "datasets\n");
  EXPECT_EQ(completed(script, {"edgeval", "run", "--limit", ""}), "\n");
}

TEST_F(Install, ZshsCompletionHasEveryCommandAndOption) {
  const fs::path script = prefix() / EDGEVAL_DATADIR / "zsh/site-functions/_edgeval";
  const std::string text = read_file(script);
  EXPECT_TRUE(text.starts_with("#compdef edgeval\n"));
  for (const std::string& command : commands()) {
    EXPECT_NE(text.find("\n    '" + command + ":"), std::string::npos) << command;
    const std::size_t start = text.find("\n    " + command + ")\n");
    ASSERT_NE(start, std::string::npos) << command;
    const std::string part = text.substr(start, text.find(";;\n", start) - start);
    for (const std::string& option : options_of(command))
      EXPECT_TRUE(part.find(option + "[") != std::string::npos ||
                  part.find(option + "=[") != std::string::npos)
          << command << " " << option;
  }
  if (run_shell("command -v zsh").code != 0) return;
  EXPECT_EQ(run_shell("zsh -n " + quoted(script.string())).err, "");
}

}  // namespace
}  // namespace edgeval::test
