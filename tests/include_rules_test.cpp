// Who may include whom (docs/architecture.md), checked on every #include of every source file, and
// how large a file and a folder may be; and who may keep a reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// The rooms, which are all folders with sources, each with those that it may include beside itself
// (docs/architecture.md).
const std::map<std::string, std::set<std::string>>& rooms() {
  using Rooms = std::set<std::string>;
  static const auto with = [](Rooms below, const Rooms& more) {
    below.insert(more.begin(), more.end());
    return below;
  };
  static const Rooms core{"host/numeric", "host/technique", "host/core", "host/core/files"};
  static const Rooms layer = with(core, {"host/technique/nonlinearity", "host/body", "host/layer"});
  static const Rooms model = with(layer, {"host/technique/weights", "host/model"});
  static const Rooms engine =
      with(model, {"host/engine/product", "host/engine/sequence", "host/engine"});
  static const Rooms host = with(engine, {"host/engine/translate"});
  static const Rooms importers =
      with(model, {"host/import/source", "host/import/state_dict", "host/import"});
  static const Rooms datasets{"datasets/audio", "datasets/text", "datasets/layouts"};
  static const Rooms score{"eval/score/text", "eval/score/statistics", "eval/score/metrics",
                           "eval/score"};
  static const Rooms gpu{"cuda/device", "cuda/kernel", "cuda/sequence", "cuda/ctc", "cuda"};
  static const Rooms task =
      with(host, with(datasets, with(score, {"cuda", "cuda/device", "eval/policy"})));
  static const Rooms command = with(task, {"eval/price", "eval/search", "eval/search/race",
                                           "eval/task", "eval/report", "hwmodel"});
  static const std::map<std::string, Rooms> kRooms{
      {"host/numeric", {}},
      {"host/technique", {"host/numeric"}},
      {"host/technique/nonlinearity", {"host/numeric", "host/technique"}},
      {"host/technique/weights", {"host/numeric", "host/technique"}},
      {"host/core", {"host/numeric"}},
      {"host/core/files", {"host/core"}},
      {"host/body", core},
      {"host/layer", layer},
      {"host/model", model},
      {"host/import/source", model},
      {"host/import/state_dict", with(model, {"host/import/source"})},
      {"host/import", importers},
      {"host/import/safetensors", importers},
      {"host/import/torch", importers},
      {"host/import/opennmt", with(importers, {"host/import/torch"})},
      {"host/engine/product", layer},
      {"host/engine/sequence", with(layer, {"host/engine/product"})},
      {"host/engine", engine},
      {"host/engine/translate", engine},
      {"cuda/device", host},
      {"cuda/kernel", with(host, {"cuda/device"})},
      {"cuda/sequence", with(host, {"cuda/device", "cuda/kernel"})},
      {"cuda/ctc", with(host, {"cuda/device", "cuda/kernel"})},
      {"cuda", with(host, {"cuda/device", "cuda/kernel", "cuda/sequence", "cuda/ctc"})},
      {"cuda/translate", with(host, gpu)},
      {"datasets/audio", {"host/core", "host/core/files", "host/numeric"}},
      {"datasets/text", {"host/core", "host/core/files", "datasets/audio"}},
      {"datasets/layouts", {"host/core", "host/core/files", "datasets/audio", "datasets/text"}},
      {"hwmodel", {}},
      {"eval/score/text", {"host/core", "host/core/files", "datasets/text"}},
      {"eval/score/statistics", {"host/core", "host/numeric"}},
      {"eval/score/metrics",
       {"host/core", "host/numeric", "eval/score/text", "eval/score/statistics"}},
      {"eval/score",
       with(score, {"host/core", "host/core/files", "host/numeric", "datasets/text"})},
      {"eval/policy", with(engine, {"datasets/text"})},
      {"eval/price", with(engine, {"hwmodel"})},
      {"eval/task", task},
      {"eval/task/ctc", with(task, {"eval/task"})},
      {"eval/task/translation", with(task, {"eval/task"})},
      {"eval/search/race", {"host/core", "host/numeric"}},
      {"eval/search", with(task, {"eval/price", "eval/task", "hwmodel"})},
      {"eval/search/sampler",
       {"host/core", "host/core/files", "host/numeric", "host/technique", "eval/search"}},
      {"eval/search/calibration", with(task, {"eval/price", "eval/search", "eval/search/race",
                                              "eval/search/sampler", "eval/task", "hwmodel"})},
      {"eval/report", with(task, {"eval/price", "eval/search", "eval/task", "hwmodel"})},
      {"eval/command/options", command},
      {"eval/command/about", with(command, {"eval/command/options"})},
      {"eval/command/calibrate",
       with(command, {"eval/search/calibration", "eval/search/race", "eval/search/sampler",
                      "eval/command/options", "eval/command/sweep"})},
      {"eval/command/serve", with(command, {"eval/command/options"})},
      {"eval/command/sweep", with(command, {"eval/command/options"})},
      {"eval/command",
       with(command, {"host/import", "eval/command/options", "eval/command/about",
                      "eval/command/calibrate", "eval/command/serve", "eval/command/sweep"})},
      {"tests", {}}};  // see all
  return kRooms;
}

// Returns the room a file lies in: its folder, but for all below tests/. It is empty when that is
// no room.
std::string room_of(const std::string& file) {
  if (file.starts_with("tests/")) return "tests";
  const std::string folder = fs::path(file).parent_path().generic_string();
  return rooms().contains(folder) ? folder : "";
}

// Beside its own folder, hwmodel sees these alone.
const std::set<std::string> kSeenByHwmodel{
    "host/core/activity.hpp",   "host/core/error.hpp",      "host/core/names.hpp",
    "host/core/files/file.hpp", "host/core/files/path.hpp", "host/core/files/yaml_file.hpp"};

// Why `file` must not include `target`; empty when it may.
std::string violation(const std::string& file, const std::string& target) {
  const std::string room = room_of(file), seen = room_of(target);
  if (room.empty()) return file + " lies in no room that docs/architecture.md knows";
  if (seen.empty()) return file + " includes " + target + ", which lies in no room";
  if (room == seen || room == "tests" || rooms().at(room).contains(seen)) return "";
  if (room == "hwmodel" && kSeenByHwmodel.contains(target)) return "";
  return file + " includes " + target + ": " + room + " must not see " + seen;
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
  EXPECT_GT(includes, 1500u);  // the test itself is not blind
}

TEST(IncludeRules, NoTwoRoomsSeeEachOther) {
  for (const auto& [room, below] : rooms())
    for (const std::string& seen : below) {
      ASSERT_TRUE(rooms().contains(seen)) << room << " sees " << seen << ", which is no room";
      EXPECT_TRUE(seen == room || !rooms().at(seen).contains(room)) << room << " and " << seen;
    }
}

TEST(IncludeRules, AHeaderIncludesItselfOnce) {
  for (const std::string& file : sources())
    EXPECT_TRUE(file.ends_with(".cpp") || file.ends_with(".cu") ||
                read_file(source_folder() / file).find("#pragma once") != std::string::npos)
        << file;
}

// What runs on both devices gives the same bits on both (host/numeric/host_device.hpp), so it calls
// no mathematics library, whose last bits differ. The rule of the pruned beam is made on the host
// alone.
TEST(IncludeRules, WhatRunsOnBothDevicesCallsNoMathematicsLibrary) {
  static const std::regex call(
      R"re(\b(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|sinh|cosh|tanh|cbrt|fma)f?\()re");
  std::size_t files = 0;
  for (const std::string& file : sources()) {
    if (file.starts_with("tests/")) continue;
    const std::string source = read_file(source_folder() / file);
    const bool kernel = file.ends_with(".cu") || file.ends_with(".cuh");
    if (!kernel && source.find("EDGEVAL_HD") == std::string::npos) continue;
    ++files;
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);)
      EXPECT_FALSE(std::regex_search(line.substr(0, line.find("//")), call) &&
                   line.find("  Rule rule() const {") != 0)
          << file << ": " << line;
  }
  EXPECT_GT(files, 60U);
  EXPECT_TRUE(std::regex_search("x + std::log(sum);", call));
}

// A module is a header with its source of the same name.
std::string module_of(const std::string& file) { return file.substr(0, file.rfind('.')); }

// The program's modules, each with those of its own folder that it includes.
std::map<std::string, std::set<std::string>> modules() {
  std::map<std::string, std::set<std::string>> modules;
  for (const std::string& file : sources()) {
    if (file.starts_with("tests/")) continue;
    const std::string module = module_of(file);
    const auto folder = fs::path(module).parent_path();
    for (const std::string& target : quoted_includes(read_file(source_folder() / file)))
      if (fs::path(target).parent_path() == folder && module_of(target) != module)
        modules[module].insert(module_of(target));
    modules.try_emplace(module);
  }
  return modules;
}

TEST(House, NoFileHasMoreThan400Lines) {
  for (const std::string& file : sources()) {
    if (file.starts_with("tests/")) continue;
    const std::string text = read_file(source_folder() / file);
    EXPECT_LE(std::ranges::count(text, '\n'), 400) << file;
  }
}

TEST(House, NoFolderHasMoreThan20Modules) {
  std::map<fs::path, int> folders;
  for (const auto& [module, includes] : modules()) ++folders[fs::path(module).parent_path()];
  EXPECT_GT(folders.size(), 20u);
  for (const auto& [folder, count] : folders) EXPECT_LE(count, 20) << folder;
}

// Level 1 includes nothing of its folder, level n something of level n - 1.
TEST(House, NoFolderHasMoreThanFiveLevelsNorACircle) {
  const auto all = modules();
  std::map<std::string, int> levels;
  const std::function<int(const std::string&)> level = [&](const std::string& module) {
    const auto [at, is_new] = levels.try_emplace(module, 0);
    if (!is_new) {
      EXPECT_GT(at->second, 0) << module << " includes itself by way of others";
      return at->second;
    }
    int highest = 0;
    for (const std::string& below : all.at(module)) highest = std::max(highest, level(below));
    return levels[module] = highest + 1;
  };
  for (const auto& [module, includes] : all) EXPECT_LE(level(module), 5) << module;
}

// Names of the members of classes that are references; those of arguments in a bundle have no
// underscore.
std::set<std::string> reference_members(const std::string& source) {
  static const std::regex member(
      R"re(^\s+(?:const\s+)?[\w:]+(?:<[^;()]*>)?(?:\s+const)?\s*&{1,2}\s*(\w+_)\s*[;={])re");
  std::set<std::string> members;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);)
    if (std::smatch match; std::regex_search(line, match, member)) members.insert(match[1]);
  return members;
}

// docs/architecture.md, "Who owns what": what outlives the call that made it owns or shares what it
// uses. These may keep references, and no others.
TEST(House, OnlyWhatLivesWithinACallKeepsReferences) {
  const std::map<std::string, std::set<std::string>> kept{
      {"datasets/audio/audio_stream.hpp", {"bytes_"}},          // while a file is decoded
      {"datasets/audio/log_mel.cpp", {"window_", "fourier_"}},  // the spectra of one utterance
      {"host/core/json.cpp", {"place_"}},                       // one call of parse_json
      // Readers, which live while one file is read.
      {"host/import/opennmt/opennmt.cpp", {"archive_"}},
      {"host/import/opennmt/opennmt_options.hpp", {"options_"}},
      {"host/import/source/stored_zip.cpp", {"path_"}},
      {"host/import/state_dict/module_list.hpp", {"source_"}},
      {"host/import/torch/checkpoint.cpp", {"archive_", "out_"}},
      {"host/import/torch/pickle.cpp", {"out_"}},
      {"host/import/torch/pickle_stack.hpp", {"place_", "values_"}},
      {"host/model/frontend_file.cpp", {"problems_"}},
      {"host/model/layer_file.cpp", {"layer_", "fields_", "file_"}},
      {"host/model/translation_file.cpp", {"fields_", "file_"}},
      {"hwmodel/accelerator.cpp", {"reader_", "components_"}},
      // Views on the products of a PackedLayer; whoever keeps one shares the PackedLayer.
      {"host/engine/product/layer_arithmetic.hpp", {"products_"}},
      // Of a task's rows, or part of a StepLayer beside what it refers to.
      {"host/engine/cpu_engine.cpp", {"layers_", "call_"}},  // one call of Engine::run
      {"host/engine/sequence/packing.hpp", {"input_"}},      // one launch of a layer
      {"cuda/schedule.cpp", {"choices_", "options_"}},       // one call of make_schedule
      {"host/engine/sequence/cell_step.hpp", {"layer_", "arithmetic_"}},
      // Of the rows of a task, or of a search, during which their StepLayer lives.
      {"host/engine/sequence/selection.hpp", {"choice_", "arithmetic_", "second_"}},
      {"host/engine/sequence/pseudo_selection.hpp", {"task_", "arithmetic_"}},
      {"host/engine/sequence/direction.cpp", {"task_"}},                         // one task
      {"host/engine/translate/decoder.cpp", {"decoder_", "state_", "record_"}},  // one step
      {"host/engine/translate/translator.cpp", {"sink_"}},      // one call of Translator::run
      {"eval/command/options/task_options.cpp", {"command_"}},  // while a command gets its options
      {"eval/command/serve/serve_run.cpp", {"options_", "session_"}},  // one call of run_serve
      {"eval/search/policy_points.hpp", {"session_"}},          // one sweep, or one run_serve
      {"eval/search/resident_set.hpp", {"session_"}},           // one call of run_serve
      {"eval/search/probe.cpp", {"dimensions_", "make_"}},      // one call of probe
      {"eval/search/block_run.cpp", {"session_", "items_"}},    // one call of run_block
      {"eval/command/evaluate.cpp", {"to_", "part_"}},          // one call of Session::run
      {"eval/task/speech_session.cpp", {"session_", "sink_"}},  // one call of Session::run
      {"eval/task/translation/translation_session.cpp", {"session_", "items_", "sink_"}}};
  std::size_t files = 0;
  for (const std::string& file : sources()) {
    if (file.starts_with("tests/")) continue;
    ++files;
    const auto known = kept.find(file);
    EXPECT_EQ(reference_members(read_file(source_folder() / file)),
              known == kept.end() ? std::set<std::string>() : known->second)
        << file << " keeps references that it may not, or keeps them no longer";
  }
  EXPECT_GT(files, 300U);
  EXPECT_EQ(reference_members("  const Model& model_;\n"
                              "  std::vector<Index>& lengths_;\n"
                              "  const LayerProducts<FixedProduct<SumT>>& products_ = given;\n"
                              "  const std::map<int, std::string> &names_{all};\n"
                              "  Policy policy_;\n"
                              "  const Policy& policy;\n"
                              "  const Policy& policy() const { return policy_; }\n"
                              "  return first & second_;\n"
                              "  std::shared_ptr<const Layer> layer_;  // not Layer& layer_;\n"),
            (std::set<std::string>{"model_", "lengths_", "products_", "names_"}));
}

TEST(IncludeRules, AViolationIsFound) {
  const std::vector<std::pair<std::string, std::string>> forbidden{
      {"host/technique/a.hpp", "host/core/error.hpp"},
      {"host/numeric/a.hpp", "host/model/graph.hpp"},
      {"host/core/a.cpp", "host/model/graph.hpp"},
      {"host/body/a.hpp", "host/layer/layer.hpp"},
      {"host/layer/a.cpp", "host/model/graph.hpp"},
      {"host/model/a.cpp", "host/engine/engine.hpp"},
      {"host/model/a.cpp", "host/import/source/source_tensors.hpp"},
      {"host/core/a.cpp", "host/core/files/file.hpp"},
      {"host/import/state_dict/a.cpp", "host/import/importer.hpp"},
      {"host/import/torch/a.cpp", "host/import/opennmt/opennmt_options.hpp"},
      {"eval/score/text/a.cpp", "eval/score/metrics/wer.hpp"},
      {"eval/task/a.cpp", "eval/task/ctc/ctc_session.hpp"},
      {"eval/command/options/a.cpp", "eval/command/about/catalogue.hpp"},
      {"host/engine/product/a.cpp", "host/engine/engine.hpp"},
      {"host/engine/sequence/a.cpp", "host/engine/translate/decoder.hpp"},
      {"host/engine/a.cpp", "cuda/engine.hpp"},
      {"host/engine/a.cpp", "eval/policy/policy.hpp"},
      {"cuda/device/a.cu", "cuda/kernel/cell.hpp"},
      {"cuda/kernel/a.cu", "cuda/sequence/direction_runner.hpp"},
      {"cuda/a.cu", "eval/policy/policy.hpp"},
      {"cuda/a.cu", "hwmodel/pricing.hpp"},
      {"datasets/audio/a.cpp", "host/model/graph.hpp"},
      {"datasets/text/a.cpp", "eval/score/metric.hpp"},
      {"hwmodel/a.cpp", "host/core/matrix.hpp"},
      {"hwmodel/a.cpp", "datasets/audio/audio.hpp"},
      {"host/engine/a.cpp", "hwmodel/pricing.hpp"},
      {"eval/score/a.cpp", "host/engine/engine.hpp"},
      {"eval/score/text/a.cpp", "eval/policy/policy.hpp"},
      {"eval/policy/a.cpp", "eval/score/metric.hpp"},
      {"eval/task/a.cpp", "eval/report/pricing_json.hpp"},
      {"eval/report/a.cpp", "eval/command/options/common_options.hpp"},
      {"eval/search/a.cpp", "eval/report/record.hpp"},
      {"eval/search/race/a.cpp", "eval/search/sweep.hpp"},
      {"eval/search/a.cpp", "eval/search/sampler/tpe.hpp"},
      {"eval/search/a.cpp", "eval/search/calibration/search.hpp"},
      {"eval/search/sampler/a.cpp", "eval/task/session.hpp"},
      {"eval/search/a.cpp", "eval/command/options/common_options.hpp"},
      {"eval/command/a.cpp", "tests/support/paths.hpp"},
      {"eval/command/a.cpp", "policy.hpp"},
      {"eval/a.cpp", "host/core/error.hpp"},
      {"eval/command/a.cpp", "../host/core/error.hpp"}};
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
