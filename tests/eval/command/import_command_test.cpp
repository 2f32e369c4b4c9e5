// Runs `edgeval import` as a user does: its report, its file, its refusals, PyTorch's own files,
// old and new, and a trained checkpoint that datasets/train/train_translation.py decodes, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/command.hpp"
#include "tests/support/imported.hpp"
#include "tests/support/python.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

TEST(ImportCommand, ReportsEveryTensorsWayAndWritesAModelThatRuns) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "lstm.safetensors").string();
  const CommandResult result = edgeval(
      {"import", "--model", import_data("lstm.pt"), "--describe", describe_file(), "--out", out});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("PyTorch state dict"), std::string::npos);
  EXPECT_NE(result.out.find("added to the other bias"), std::string::npos);
  EXPECT_NE(result.out.find(out + ": 14 tensors\n"), std::string::npos) << result.out;
  const CommandResult run = edgeval({"run", "--model", out, "--data", spoken_data(), "--limit", "1",
                                     "--quiet", "--out", (folder.path() / "out").string()});
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST(ImportCommand, PrintsTheWrittenFileAloneWhenQuiet) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "m.safetensors").string();
  const CommandResult result =
      edgeval({"import", "--model", import_data("opennmt.pt"), "--out", out, "--quiet"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out.rfind(out + ": ", 0), 0u) << result.out;
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 1) << result.out;
}

TEST(ImportCommand, NamesWhatIsLeftOutWithCommas) {
  const TemporaryFolder folder;
  const CommandResult result = edgeval({"import", "--model", import_data("own.pt"), "--describe",
                                        describe_file(), "--out", folder.path() / "m.safetensors"});
  EXPECT_NE(result.out.find("\nleft out: settings, optimizer\n"), std::string::npos) << result.out;
}

TEST(ImportCommand, ReportsInJson) {
  const TemporaryFolder folder;
  const CommandResult result =
      edgeval({"import", "--model", import_data("opennmt.pt"), "--out",
               folder.path() / "m.safetensors", "--name", "mine", "--format", "json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["source"]["kind"], "OpenNMT-py checkpoint");
  EXPECT_EQ(json["model"]["name"], "mine");
  EXPECT_EQ(json["model"]["sha256"], sha256(read_file(folder.path() / "m.safetensors")));
  EXPECT_EQ(json["left_out"], nlohmann::json::array({"optim"}));
  const nlohmann::json first{{"source", "encoder.embeddings.make_embedding.emb_luts.0.weight"},
                             {"source_shape", "[4, 3]"},
                             {"tensor", "source_embedding.weight"},
                             {"shape", "[4, 3]"},
                             {"done", "as it is"}};
  EXPECT_EQ(json["tensors"][0], first);
}

TEST(ImportCommand, RefusesInOneLineAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string out = folder.path() / "m.safetensors", lstm = import_data("lstm.pt");
  const auto refused = [&](const std::string& model, const std::string& describe,
                           const std::string& part) {
    std::vector<std::string> arguments{"import", "--model", model, "--out", out};
    if (!describe.empty()) arguments.insert(arguments.end(), {"--describe", describe});
    EXPECT_TRUE(is_refusal(edgeval(arguments), part));
    EXPECT_FALSE(std::filesystem::exists(out));
  };
  refused(lstm, "",
          "give the task, front end and tokens by --describe FILE, which --template fbank begins "
          "(docs/formats/import.md). Found: "
          "rnn (lstm 3 -> 4, 2 layers, both directions), fc (linear 4 -> 5)");
  refused("none.pt", "", "none.pt: no such file");
  refused(spoken_model(), "", "is a model file of edgeval already; edgeval run --model");
  refused(describe_file(), "", "neither a zip nor the five pickles");
  refused(import_data("opennmt.pt"), describe_file(), "an OpenNMT-py checkpoint describes itself");
  refused(lstm, folder.file("d.json", "{}"),
          "d.json: 3 problems: (1) key \"task\" is missing (2) key \"frontend\" is missing");
  refused(lstm, folder.file("d.json", R"({"taks": "ctc"})"),
          "unknown key \"taks\"; did you mean task?");
  auto describe = nlohmann::json::parse(read_file(describe_file()));
  describe["layers"] = {{{"from", "rn"}}};
  refused(lstm, folder.file("d.json", describe.dump()), "no module \"rn\"; did you mean rnn?");
  describe["layers"] = {{{"from", "rnn"}}};
  refused(lstm, folder.file("d.json", describe.dump()),
          "tensor \"fc.weight\": shape [5, 4]: of no module");
  describe.erase("layers");
  describe["tokens"] = {"<blank>", "A"};
  refused(lstm, folder.file("d.json", describe.dump()),
          "d.json: layer \"fc\": gives 5 values, but there are 2 tokens");
  describe["ignore"] = {"none"};
  refused(lstm, folder.file("d.json", describe.dump()), "no tensor's name starts with \"none\"");
  EXPECT_TRUE(is_refusal(edgeval({"import", "--model", lstm}), "--out is required"));
}

// For a network of one's own the description is printed, imported without an edit, and runs.
TEST(ImportCommand, ATemplateOfTheNetworkImportsAndRuns) {
  const TemporaryFolder folder;
  const CommandResult result = run_shell(
      concat("edgeval import --template fbank --model ", quoted(import_data("lstm.pt").string()),
             " > d.json && edgeval import --model ", quoted(import_data("lstm.pt").string()),
             " --describe d.json --out m.safetensors --format json > report.json && edgeval run "
             "--model m.safetensors --data ",
             quoted(spoken_data()), " --limit 1 --quiet --out out"),
      folder.path());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("edgeval: note: mel_bins 3 because module \"rnn\" takes 3 inputs"),
            std::string::npos)
      << result.err;
  const auto report = nlohmann::json::parse(read_file(folder.path() / "report.json"));
  EXPECT_EQ(report["filled_in"], nlohmann::json::object());
  EXPECT_EQ(report["notes"], nlohmann::json::array());
  EXPECT_EQ(report["repeated_tokens"], nlohmann::json::array());
}

TEST(ImportCommand, QuietTemplatesHaveNoNotes) {
  const CommandResult result = edgeval(
      {"import", "--template", "fbank", "--model", import_data("lstm.pt").string(), "--quiet"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
}

TEST(ImportCommand, SaysWhatItFilledIn) {
  const TemporaryFolder folder;
  auto describe = nlohmann::json::parse(read_file(describe_file()));
  describe["frontend"] = {{"mel_bins", 3}, {"cmvn", "utterance"}};
  const std::vector<std::string> arguments{"import",
                                           "--model",
                                           import_data("lstm.pt"),
                                           "--describe",
                                           folder.file("d.json", describe.dump()),
                                           "--out",
                                           folder.path() / "m.safetensors"};
  const CommandResult result = edgeval(arguments);
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("note: frontend: filled in with Kaldi's defaults: type \"fbank\", "
                            "sample_rate 16000"),
            std::string::npos)
      << result.out;
  std::vector<std::string> json = arguments;
  json.insert(json.end(), {"--format", "json"});
  const auto report = nlohmann::json::parse(edgeval(json).out);
  EXPECT_EQ(report["filled_in"]["high_hz"], 8000);
  EXPECT_FALSE(report["filled_in"].contains("mel_bins"));
}

TEST(ImportCommand, RefusesATemplateWithWhatDoesNotGoWithIt) {
  EXPECT_TRUE(is_refusal(edgeval({"import", "--template", "fbank", "--out", "x"}),
                         "--template prints a description; it goes with --model and --state-dict"));
  EXPECT_TRUE(is_refusal(edgeval({"import", "--template", "mel"}), "--template: mel not in"));
  EXPECT_TRUE(is_refusal(edgeval({"import", "--out", "x"}), "--model is required"));
  EXPECT_TRUE(
      is_refusal(edgeval({"import", "--template", "fbank", "--model", import_data("opennmt.pt")}),
                 "an OpenNMT-py checkpoint describes itself"));
}

// Other commands need a model file; given something else they name the way to one.
TEST(ImportCommand, OtherCommandsPointAtIt) {
  const std::string cases = source_folder() / "tests/golden/cases/import/";
  const auto refused = [&](const std::vector<std::string>& command, const std::string& model,
                           const std::string& part) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--model", model, "--data", spoken_data()});
    EXPECT_TRUE(is_refusal(edgeval(arguments), part)) << command[0];
  };
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run", "--out", "none"},
        {"profile", "--out", "none.json"},
        {"similarity", "--profile", spoken_data() + "/profile.json"}}) {
    for (const std::string& model :
         {cases + "plain.pt", cases + "proto4_legacy.pt", import_data("gru.pt").string(),
          import_data("opennmt.pt").string()})
      refused(command, model,
              concat(model, ": a checkpoint of PyTorch, no model file; edgeval import --model ",
                     model, " --out model.safetensors makes one"));
    refused(command, cases + "plain.safetensors",
            concat("edgeval import --model ", cases,
                   "plain.safetensors --describe describe.json --out model.safetensors makes one"));
  }
}

// The PyTorch of this machine writes the same networks as those in tests/data/import.
TEST(ImportCommand, ImportsWhatPyTorchWrites) {
  EDGEVAL_NEEDS_PYTHON_MODULES("torch");
  const TemporaryFolder folder;
  ASSERT_TRUE(python(concat("'", (source_folder() / "tests/golden/import.py").string(), "' '",
                            folder.path().string(), "'")));
  for (const char* name : {"lstm.pt", "gru.pt", "odd.pt", "opennmt.pt", "feeding.pt", "whole.pt",
                           "whole_old.pt", "own.pt"}) {
    SCOPED_TRACE(name);
    const Imported fresh = imported(read_file(folder.path() / name));
    EXPECT_EQ(to_safetensors(fresh, {}), to_safetensors(imported_file(name), {}));
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The reference implementation decodes 185 of the 198 words at width 1 and 186 at the others.
TEST(ImportCommand, ATrainedOpennmtCheckpointDecodesAsItShould) {
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa");
  EDGEVAL_NEEDS_PYTHON_MODULES("torch, numpy");
  const TemporaryFolder folder;
  const std::filesystem::path data = shared_folder() / "data/onmt_ipa";
  const std::string model = folder.path() / "ipa.safetensors", out = folder.path() / "out";
  const CommandResult result =
      edgeval({"import", "--model", data / "test_model2_v2_9653b3a0.pt", "--out", model});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<std::string> references = lines_of(read_file(data / "test_model2.tgt"));
  for (const auto& [width, exact] : {std::pair{1, 185}, {2, 186}, {5, 186}, {10, 186}}) {
    ASSERT_TRUE(python(
        concat("'", (source_folder() / "datasets/train/train_translation.py").string(),
               "' translate --model '", model, "' --source '", (data / "test_model2.src").string(),
               "' --beam ", width, " --out '", out, "'")));
    const std::vector<std::string> hypotheses = lines_of(read_file(out));
    ASSERT_EQ(hypotheses.size(), references.size());
    int equal = 0;
    for (std::size_t i = 0; i < references.size(); ++i)
      equal += hypotheses[i] == references[i] ? 1 : 0;
    EXPECT_EQ(equal, exact) << "of " << references.size() << " at width " << width;
  }
}

}  // namespace
}  // namespace edgeval::test
