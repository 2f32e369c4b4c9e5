// Exit codes are those of docs/formats/command-line.md: 1 for what the user can mend, 2 for a
// machine that fails. Messages name the file, say what is wrong with it, and have a sane length.
#include <sys/stat.h>

#include "tests/support/address_space.hpp"
#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// Runs the program as a user whom permissions bind.
class AsNobody : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::permissions(inputs_.path(), fs::perms(0755));
    if (::geteuid() == 0) as_ = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
    // The program cannot be run in a folder that only root may enter, nor without setpriv.
    const CommandResult trial = run_shell(as_ + "edgeval --version", inputs_.path());
    if (trial.code != 0) GTEST_SKIP() << "edgeval does not run as nobody: " << trial.err;
  }
  void TearDown() override {
    for (const fs::path& path : closed_) fs::permissions(path, fs::perms(0755));
  }

  // Takes all permissions from a file or folder.
  void close(const std::string& name) {
    closed_.push_back(inputs_ / name);
    fs::permissions(closed_.back(), fs::perms(0));
  }
  CommandResult run(const std::string& words) const {
    return run_shell(as_ + "edgeval " + words, inputs_.path());
  }

  Inputs inputs_;

 private:
  std::string as_;
  std::vector<fs::path> closed_;
};

TEST_F(AsNobody, WhatMayNotBeReadIsToldSo) {
  inputs_.file("shut/set.jsonl", Inputs::kManifest);
  inputs_.file("shut/a.yaml", "x");
  inputs_.file("libri/test/1/2/1-2.trans.txt", "a A\n");
  inputs_.file("kaldi/wav.scp", "a " + (inputs_ / "shut/a.wav").string() + "\n");
  inputs_.file("kaldi/text", "a A\n");
  inputs_.file("far.jsonl", R"({"audio_filepath": "shut/a.wav", "text": "A"})");
  inputs_.file("share/hwmodel/accelerators/a.yaml", "x");
  for (const char* each : {"shut", "libri/test/1", "share/hwmodel/accelerators", "p.yaml"})
    close(each);
  const std::string model = "run --model model.safetensors --data ",
                    denied = ": Permission denied\n";
  const std::vector<std::array<std::string, 2>> cases{
      {model + "shut", "edgeval: shut: cannot be entered"},
      {model + "shut/set.jsonl", "shut/set.jsonl: cannot be reached"},
      {model + "libri", "libri/test/1: cannot be listed"},
      {model + "libri --split test", "libri/test/1: cannot be listed"},
      {model + "kaldi", "kaldi/wav.scp:1: " + (inputs_ / "shut/a.wav").string()},
      {model + "far.jsonl", "far.jsonl:1: shut/a.wav: cannot be reached"},
      {model + "set.jsonl --policy p.yaml", "p.yaml: cannot be opened"},
      {model + "set.jsonl --profile shut/p", "shut/p: cannot be opened"},
      {model + "set.jsonl --hardware shut/a.yaml", "shut/a.yaml: cannot be opened"},
      {"run --model shut/m --data set.jsonl", "shut/m: cannot be opened"},
      {"count shut/m", "shut/m: cannot be opened"},
      {"energy --report shut/r.json", "shut/r.json: cannot be opened"},
      {"score --reference shut/r --hypothesis shut/h", "shut/r: cannot be opened"},
      {"compare shut shut", "shut/utterances.jsonl: cannot be reached"},
      {"compare shut/a shut/b", "shut/a: cannot be reached"}};
  for (const auto& [words, message] : cases) {
    const CommandResult result = run(words);
    EXPECT_TRUE(is_refusal(result, message)) << words;
    EXPECT_TRUE(result.err.ends_with(denied)) << words;
  }
  ::setenv("EDGEVAL_SHARE", (inputs_ / "share").c_str(), 1);
  EXPECT_TRUE(is_refusal(run(model + "set.jsonl --out /nonexistent/o"),
                         "share/hwmodel/accelerators: cannot be listed: Permission denied"));
  ::unsetenv("EDGEVAL_SHARE");
}

// The program cannot tell who wrote a file that it may not read.
TEST_F(AsNobody, WhatMayNotBeReadIsNotReplaced) {
  fs::permissions(inputs_.path(), fs::perms(0777));
  for (const char* name : {"diary", "o/report.json"}) {
    inputs_.file(name, "mine");
    close(name);
  }
  fs::permissions(inputs_ / "o", fs::perms(0777));
  const std::string data = " --model model.safetensors --data set.jsonl --out ";
  EXPECT_TRUE(is_refusal(run("profile" + data + "diary"),
                         "--out would replace diary, which may not be read"));
  EXPECT_TRUE(is_refusal(run("run" + data + "o"),
                         "--out would replace o/report.json, which may not be read"));
}

TEST_F(Refused, PathsThatAreTooLong) {
  const std::string name(300, 'n'), path = name + "/" + name, why = ": File name too long";
  inputs().file("long.jsonl", R"({"audio_filepath": ")" + name + R"(", "text": "A"})");
  inputs().file("long.yaml", "profile: " + name + "\n");
  fs::create_directories(inputs() / "scp");
  inputs().file("scp/wav.scp", "a " + name + "\n");
  inputs().file("scp/text", "a A\n");
  for (const auto& [option, value] :
       std::vector<std::array<std::string, 2>>{{"--model", name},
                                               {"--data", path},
                                               {"--policy", name},
                                               {"--profile", path},
                                               {"--hardware", path},
                                               {"--data", "long.jsonl"},
                                               {"--data", "scp"},
                                               {"--policy", "long.yaml"}})
    EXPECT_TRUE(is_refusal(inputs().run_with(option, value), why)) << option;
  for (const Arguments& arguments :
       {Arguments{"energy", "--report", name},
        {"count", name},
        {"compare", name, name},
        {"compare", "p.yaml", "p.yaml", "--reference", name},
        {"score", "--reference", name, "--hypothesis", "x"},
        {"import", "--model", name, "--out", "x.safetensors"},
        {"import", "--model",
         (source_folder() / "tests/golden/cases/import/plain.safetensors").string(), "--describe",
         name, "--out", "x.safetensors"},
        {"similarity", "--model", "model.safetensors", "--data", "set.jsonl", "--profile", name}})
    EXPECT_TRUE(is_refusal(inputs().run(arguments), why)) << command_line(arguments);
}

TEST_F(Refused, NamesThatJsonCannotHold) {
  const std::string odd = "odd\xff",
                    why = "odd\\xff: the name is not UTF-8, which JSON cannot hold";
  inputs().file(odd, "u1 a b\nu2 c\n");
  const std::vector<Arguments> asked{{"score", "--reference", odd, "--hypothesis", odd},
                                     {"compare", odd, odd, "--reference", odd}};
  for (Arguments each : asked) {
    each.insert(each.end(), {"--format", "json"});
    EXPECT_TRUE(is_refusal(inputs().run(each), why)) << command_line(each);
  }
  EXPECT_EQ(inputs().run({"score", "--reference", odd, "--hypothesis", odd}).code, 0);
  EXPECT_TRUE(is_refusal(inputs().run({"import", "--model", odd, "--out", "m"}), why));
  EXPECT_TRUE(is_refusal(inputs().run({"count", odd}), why));
}

// The memory of a process has the kind of a file, and nothing can be read at its start.
TEST_F(Refused, AReadErrorIsNoEndOfFile) {
  const CommandResult result = inputs().run_with("--policy", "/proc/self/mem");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "edgeval: failed: /proc/self/mem: cannot be read: Input/output error\n");
}

TEST_F(Refused, AFileThatDoesNotFitIntoMemoryIsNamed) {
  EDGEVAL_BOUNDS_ADDRESS_SPACE();
  inputs().file("large", "");
  fs::resize_file(inputs() / "large", std::uintmax_t{1} << 36);
  const CommandResult result = run_shell("ulimit -v 4000000; edgeval count large", inputs().path());
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "edgeval: failed: large: out of memory while it was read\n");
}

TEST_F(Refused, LongValuesAreCutOutOfMessages) {
  const std::string value(100'000, 'v');
  inputs().file("long.yaml", "plan: {type: " + value + "}\n");
  const CommandResult result = inputs().run_with("--policy", "long.yaml");
  EXPECT_TRUE(is_refusal(result, "edgeval: long.yaml: plan.type: unknown type 'vvv"));
  EXPECT_NE(result.err.find("v ... "), std::string::npos);
  EXPECT_NE(result.err.find("known: every_step, similarity_skip\n"), std::string::npos);
  EXPECT_LT(result.err.size(), 2100u);
}

}  // namespace
}  // namespace edgeval::test
