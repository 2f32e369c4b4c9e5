// What tests of wrong input share: good inputs for a command, of which a test spoils one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/command.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

// A folder with a small model, a set of two utterances, and the profile and the report that edgeval
// makes of them.
class Inputs : public DataFolder {
 public:
  Inputs() {
    file("model.safetensors",
         model_bytes(
             random_model({.inputs = 3, .lstm = {{.cells = 2}, {.cells = 2}}, .outputs = 5}, 1)));
    audio("a.wav", {.samples = 1600});
    audio("b.wav", {.samples = 4000});
    file("set.jsonl", kManifest);
    file("p.yaml",
         "plan: {type: similarity_skip, threshold: 0.5}\noperand: {type: reuse}\nprofile: "
         "profile.json\n");
    must_work({"profile", "--model", "model.safetensors", "--data", "set.jsonl"});
    must_work({"run", "--model", "model.safetensors", "--data", "set.jsonl", "--policy", "p.yaml",
               "--out", "made"});
  }

  CommandResult run(const Arguments& arguments) const {
    return edgeval::test::edgeval(arguments, path());
  }
  // Runs `edgeval run` with the model and the set, and with one option more or one other value.
  CommandResult run_with(const std::string& option, const std::string& value) const {
    Arguments arguments{"run"};
    std::map<std::string, std::string> options{{"--model", "model.safetensors"},
                                               {"--data", "set.jsonl"}};
    options[option] = value;
    for (const auto& [key, text] : options) arguments.insert(arguments.end(), {key, text});
    return run(arguments);
  }

  static constexpr const char* kManifest =
      R"({"id": "a", "audio_filepath": "a.wav", "text": "A B"})"
      "\n"
      R"({"id": "b", "audio_filepath": "b.wav", "text": "C"})"
      "\n";

 private:
  void must_work(const Arguments& arguments) const {
    const CommandResult result = run(arguments);
    if (result.code != 0) throw std::runtime_error(result.err);
  }
};

class Refused : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { inputs_ = new Inputs; }
  static void TearDownTestSuite() { delete std::exchange(inputs_, nullptr); }

  static const Inputs& inputs() { return *inputs_; }

  // Returns a JSON file of the inputs' folder with one change.
  static std::string changed(const std::string& file, const std::function<void(Json&)>& change) {
    Json json = Json::parse(read_file(inputs() / file));
    change(json);
    return json.dump();
  }

 private:
  static inline Inputs* inputs_ = nullptr;
};

}  // namespace edgeval::test
