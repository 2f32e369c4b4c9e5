// A change of the program's structure must not change anything that recorded runs print and write.
// They cover both tasks, every technique and every arithmetic, and are compared byte for byte.
//
// tests/golden/runs.sha256 has the SHA-256 of each output, as sha256sum writes them. What differs
// from machine to machine is taken out first: the compiler, the device and the times. The figures
// prove no more than sameness; that they are right is what the other tests show. To see what
// differs, keep the outputs of both programs and compare them; the same folder gives new figures
// where a result was meant to change:
//   EDGEVAL_KEEP_RUNS=FOLDER ctest --test-dir build -R RecordedRuns
//   (cd FOLDER && LC_ALL=C sha256sum */* | sort -k 2) > tests/golden/runs.sha256
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>

#include "host/core/files/file.hpp"
#include "host/core/sha256.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

struct RecordedRun {
  const char* name;
  std::string script;  // of sh, in a folder that has `datasets`; makes the folder `out`, or nothing
};

void PrintTo(const RecordedRun& run, std::ostream* out) { *out << run.name; }

// All runs have the same folder, device and number of threads.
RecordedRun speech(const char* name, const std::string& choices) {
  return {name,
          "edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken"
          " --limit 20 --device cpu --threads 2 --profile datasets/spoken/profile.json --out out " +
              choices};
}

RecordedRun translation(const char* name, const std::string& choices) {
  return {
      name,
      "edgeval run --model datasets/captions/multi30k-en-de.safetensors"
      " --data datasets/captions/captions.en --reference datasets/captions/captions.de"
      " --limit 16 --device cpu --threads 2 --profile datasets/captions/profile.json --out out " +
          choices};
}

const std::string kSkip = " plan.type=similarity_skip plan.threshold=0.75";
const std::string kDelta = " operand.type=delta operand.threshold_x=0.08 operand.threshold_h=0.08";

const std::vector<RecordedRun>& recorded_runs() {
  static const std::vector<RecordedRun> runs{
      speech("speech_fp32", ""),
      speech("speech_int16", "--set arithmetic.type=int16"),
      speech("speech_int8", "--set arithmetic.type=int8 --hardware epur28_sip cpu1"),
      speech("speech_skip_delta", "--policy datasets/spoken/skip_delta.yaml"),
      speech("speech_int16_pseudo_skip_delta",
             "--set arithmetic.type=int16 plan.pseudo.threshold=0.5" + kSkip + kDelta),
      speech("speech_int8_skip", "--set arithmetic.type=int8" + kSkip),
      speech("speech_int16_pseudo_skip",
             "--set arithmetic.type=int16 plan.pseudo.threshold=0.6" + kSkip),
      speech("speech_reuse", "--policy datasets/spoken/reuse.yaml --hardware reuse32"),
      speech("speech_int8_reuse",
             "--set arithmetic.type=int8 operand.type=reuse operand.clusters=12"),
      speech("speech_dynamic_precision", "--set operand.type=dynamic_precision"),
      speech("speech_int8_dynamic_precision_skip",
             "--set arithmetic.type=int8 operand.type=dynamic_precision" + kSkip),
      speech("speech_random_precision",
             "--set operand.type=dynamic_precision operand.selector=random"),
      speech("speech_memoized", "--set operand.type=memoized operand.threshold=0.4"),
      speech("speech_int16_memoized_oracle",
             "--set arithmetic.type=int16 operand.type=memoized operand.threshold=0.3 "
             "operand.predictor=oracle"),
      speech("speech_ternary_table", "--set weights.type=ternary nonlinearity.type=table"),
      speech("speech_int8_pruned_hard",
             "--set arithmetic.type=int8 weights.type=pruned weights.share=0.3 "
             "nonlinearity.type=hard"),
      speech("speech_int16_circulant_piecewise",
             "--set arithmetic.type=int16 weights.type=block_circulant weights.block=2 "
             "nonlinearity.type=piecewise_linear"),
      speech("speech_power_of_two_range_addressed",
             "--set weights.type=power_of_two nonlinearity.type=range_addressed"),
      speech("speech_fixed_point", "--set weights.type=fixed_point weights.bits=6"),
      speech("speech_binary", "--set weights.type=binary"),
      speech("speech_quaternary", "--set weights.type=quaternary"),
      speech("speech_multi_bit", "--set weights.type=multi_bit"),
      speech("speech_balanced", "--set weights.type=balanced"),
      speech("speech_json", "--format json --case lower --normalize nfc --quiet --no-reference"),
      {"speech_layers",
       "cat > mixed.yaml <<'POLICY'\n"
       "arithmetic: {type: int16}\n"
       "layers:\n"
       "  lstm1: {plan: {type: similarity_skip, threshold: 0.7}}\n"
       "  lstm2: {arithmetic: {type: fp32}, operand: {type: delta, threshold_x: 0.1, "
       "threshold_h: 0.1}}\n"
       "  output: {arithmetic: {type: int8}}\n"
       "POLICY\n" +
           speech("", "--policy mixed.yaml").script},
      translation("translation_fp32", "--set beam.type=fixed beam.width=1"),
      translation("translation_int8_dynamic", "--policy datasets/captions/dynamic.yaml"),
      translation("translation_int16_pruned_delta",
                  "--n-best 3 --set arithmetic.type=int16 beam.type=pruned" + kDelta),
      translation("translation_reuse_options",
                  "--length-penalty wu --alpha 0.6 --max-length 40 --min-length 3 "
                  "--replace-unknown --reference-perplexity --set operand.type=reuse"),
      translation("translation_int8_dynamic_precision",
                  "--length-penalty avg --no-reference "
                  "--set arithmetic.type=int8 operand.type=dynamic_precision"),
      translation("translation_memoized",
                  "--set operand.type=memoized operand.threshold=0.3 weights.type=ternary"),
      // A plan in the encoder, with a parameter that nothing needs and no profile gives.
      {"translation_skip",
       "edgeval run --model datasets/captions/multi30k-en-de.safetensors"
       " --data datasets/captions/captions.en --reference datasets/captions/captions.de --limit 16"
       " --device cpu --threads 2 --out out --set plan.fraction_bits=12" +
           kSkip},
      translation("translation_json", "--format json --quiet --set arithmetic.type=int16"),
      // What the other commands say of a run.
      {"energy_score_compare",
       speech("", "--quiet --no-reference").script + " && mv out before && " +
           speech("", "--quiet --policy datasets/spoken/skip.yaml").script +
           " && edgeval energy --report out/report.json --out out/energy.json"
           " && edgeval compare before out && edgeval compare before out --format json"
           " && edgeval score --metric wer,cer,ser,symbol --input-format run --format json"
           " --reference before/utterances.jsonl --hypothesis out/utterances.jsonl"
           " && edgeval score --input-format run --alignments"
           " --reference before/utterances.jsonl --hypothesis out/utterances.jsonl"},
      {"speech_profile_similarity",
       "mkdir out && edgeval profile --model datasets/spoken/speech-blstm3x128.safetensors "
       "--data datasets/spoken --limit 12 --device cpu --threads 2 --out out/profile.json && "
       "edgeval similarity --model datasets/spoken/speech-blstm3x128.safetensors "
       "--data datasets/spoken --limit 12 --device cpu --threads 2 "
       "--profile datasets/spoken/profile.json --out out/similarity.json"},
      {"translation_profile",
       "mkdir out && edgeval profile --model datasets/captions/multi30k-en-de.safetensors "
       "--data datasets/captions/captions.en --limit 12 --device cpu --threads 2 "
       "--out out/profile.json"},
      {"import_count",
       "mkdir out && edgeval import --model tests/data/import/lstm.pt "
       "--describe tests/data/import/describe.json --out out/lstm.safetensors && "
       "edgeval count out/lstm.safetensors --steps 50 && "
       "edgeval count datasets/captions/multi30k-en-de.safetensors --steps 20 --positions 9 "
       "--format json"},
      {"bleu",
       "edgeval score --reference datasets/captions/captions.de "
       "--hypothesis datasets/captions/captions.en --metric bleu,chrf,chrf++,exact && "
       "edgeval score --reference datasets/captions/captions.de --hypothesis "
       "datasets/captions/captions.en --metric bleu --tokenize intl --lower-case --format json"},
  };
  return runs;
}

// Returns a text without the compiler, the device, the times, and how long this machine took.
std::string neutral(const std::string& text) {
  static const std::regex volatile_line(
      R"re(^\s*"(build|device)": .*|^[0-9.]+ (s|min|h): .*|.*in [0-9.]+ s$)re");
  std::string result;
  std::istringstream lines(text);
  bool times = false;
  for (std::string line; std::getline(lines, line);) {
    times = times || line == "  \"timing\": {";
    if (!times && !std::regex_match(line, volatile_line)) result += line + '\n';
    if (line == "  }" || line == "  },") times = false;
  }
  return result;
}

// The hashes of a run's outputs, by "NAME/OUTPUT".
using Hashes = std::map<std::string, std::string>;

Hashes recorded(const std::string& name) {
  std::istringstream lines(read_file(source_folder() / "tests/golden/runs.sha256"));
  Hashes hashes;
  for (std::string hash, output; lines >> hash >> output;)
    if (output.starts_with(name + "/")) hashes[output] = hash;
  return hashes;
}

std::string sha256_of(const std::string& text) {
  Sha256 hash;
  hash.add(text);
  return hash.finish();
}

class RecordedRuns : public testing::TestWithParam<RecordedRun> {};

INSTANTIATE_TEST_SUITE_P(Of, RecordedRuns, testing::ValuesIn(recorded_runs()),
                         [](const auto& of) { return std::string(of.param.name); });

TEST_P(RecordedRuns, PrintAndWriteTheSameBytes) {
  const TemporaryFolder folder;
  for (const char* seen : {"datasets", "tests"})
    fs::create_directory_symlink(source_folder() / seen, folder.path() / seen);
  // fp32 products of AVX2 and later processors have the same bits, older ones others.
  const CommandResult result =
      run_shell("export ONEDNN_MAX_CPU_ISA=AVX2; " + GetParam().script, folder.path());
  ASSERT_EQ(result.code, 0) << result.err;
  std::map<std::string, std::string> outputs{{"stdout", neutral(result.out)}};
  if (fs::exists(folder.path() / "out"))
    for (const auto& file : fs::directory_iterator(folder.path() / "out"))
      outputs[file.path().filename().string()] = neutral(read_file(file.path()));
  Hashes found;
  for (const auto& [output, text] : outputs) {
    found[std::string(GetParam().name) + "/" + output] = sha256_of(text);
    if (const char* kept = std::getenv("EDGEVAL_KEEP_RUNS")) {
      fs::create_directories(fs::path(kept) / GetParam().name);
      write_file(fs::path(kept) / GetParam().name / output, text);
    }
  }
  EXPECT_EQ(found, recorded(GetParam().name));
}

// Nobody would compare the figures of lines that belong to no run.
TEST(RecordedRunsFile, HasNoOtherRuns) {
  std::set<std::string> names;
  for (const RecordedRun& run : recorded_runs()) names.insert(run.name);
  EXPECT_EQ(names.size(), recorded_runs().size());
  std::istringstream lines(read_file(source_folder() / "tests/golden/runs.sha256"));
  for (std::string hash, output; lines >> hash >> output;)
    EXPECT_TRUE(names.contains(output.substr(0, output.find('/')))) << output;
}

TEST(RecordedRunsFile, NothingButTimesAndMachinesIsTakenOut) {
  EXPECT_EQ(neutral("{\n    \"build\": \"g++\",\n  \"timing\": {\n    \"seconds\": 1\n  },\n"
                    "  \"work\": {}\n}\n0.79 s: 152.1 utterances/s, 296 times real time\n"
                    "WER 3.5 %\n"),
            "{\n  \"work\": {}\n}\nWER 3.5 %\n");
}

}  // namespace
}  // namespace edgeval::test
