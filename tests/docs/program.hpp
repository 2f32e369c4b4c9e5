// The names that the program has: commands, options, keys of policies, keys of what it writes.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/docs/repository.hpp"
#include "tests/support/command_help.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

struct Program {
  std::map<std::string, Names> options;                      // options by command
  std::map<std::string, std::map<std::string, Names>> axes;  // parameters by axis and type
};

inline void collect_keys(Names& keys, const nlohmann::json& json) {
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items()) {
    if (json.is_object()) keys.insert(key);
    collect_keys(keys, value);
  }
}

// Returns the keys of every JSON that the program prints or writes, from small runs, which take a
// few seconds. `out_a` to `out_c` are runs of speech, `out_t` is a run of translation.
inline Names ask_keys() {
  const TemporaryFolder made;
  const std::filesystem::path folder = made.path();
  std::filesystem::create_directory_symlink(source_folder() / "datasets", folder / "datasets");
  std::filesystem::create_directory_symlink(source_folder() / "tests", folder / "tests");
  const CommandResult result = run_shell(R"(set -e
spoken=datasets/spoken captions=datasets/captions
speech="--model $spoken/speech-blstm3x128.safetensors --data $spoken --limit 2 --quiet --device cpu"
text="--model $captions/multi30k-en-de.safetensors --data $captions/captions.en --limit 2 --quiet --device cpu"
profile="--profile $spoken/profile.json"
format="--format json"
edgeval run $speech $profile $format --out out_a --set arithmetic.type=int16 operand.type=delta \
  operand.threshold_x=0.1 operand.threshold_h=0.1 plan.type=similarity_skip plan.threshold=0.75
edgeval run $speech $format --out out_b --set weights.type=fixed_point
edgeval run $speech $profile $format --out out_c --set arithmetic.type=int8 operand.type=dynamic_precision
edgeval run $text $format --out out_t --policy $captions/dynamic.yaml \
  --reference $captions/captions.de --reference-perplexity
edgeval profile $speech $format --out profile.json
edgeval profile $text $format --out translated.json
edgeval similarity $speech $format --profile profile.json
edgeval compare out_a out_b $format --max-loss 100
edgeval compare out_a out_a $format --max-loss 100 --confidence 0.9 --metric ser
edgeval energy $format --report out_a/report.json
edgeval score $format --reference out_a/utterances.jsonl --hypothesis out_a/utterances.jsonl \
  --metric wer,symbol,bleu,exact --alignments
edgeval count $captions/multi30k-en-de.safetensors $format
edgeval count $spoken/speech-blstm3x128.safetensors $format
edgeval import $format --model tests/data/import/opennmt.pt --out new.safetensors
edgeval info $format)",
                                         folder);
  if (result.code != 0) throw std::runtime_error(result.err);
  Names keys;
  // The program printed one JSON after another.
  std::istringstream printed(result.out);
  for (nlohmann::json json; printed >> std::ws && !printed.eof();) {
    printed >> json;
    collect_keys(keys, json);
  }
  for (const char* file :
       {"out_a/utterances.jsonl", "out_t/utterances.jsonl", "profile.json", "translated.json"}) {
    std::ifstream lines(folder / file);
    for (nlohmann::json json; lines >> std::ws && !lines.eof();) {
      lines >> json;
      collect_keys(keys, json);
    }
  }
  return keys;
}

inline Program ask_program() {
  Program program;
  for (const std::string& command : commands()) {
    const std::vector<std::string> options = options_of(command);
    program.options[command] = {options.begin(), options.end()};
    program.options[command].insert({"--help", "--version"});
  }
  const nlohmann::json info = nlohmann::json::parse(edgeval({"info", "--format", "json"}).out);
  for (const auto& [axis, choices] : info.at("axes").items())
    for (const nlohmann::json& choice : choices)
      for (Names& keys = program.axes[axis][choice.at("type")];
           const nlohmann::json& parameter : choice.at("parameters"))
        keys.insert(parameter.at("key").get<std::string>());
  return program;
}

}  // namespace edgeval::test
