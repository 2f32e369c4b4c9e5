// A small sweep in a folder of a test's own, and readers of the files that it leaves.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "host/core/files/file.hpp"
#include "host/core/text.hpp"
#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/command.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

using Arguments = std::vector<std::string>;

inline Arguments joined(Arguments arguments, const Arguments& more, const Arguments& still = {}) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.insert(arguments.end(), still.begin(), still.end());
  return arguments;
}

// Options of a small translation.
inline const Arguments kCaptions{
    "--model", captions_model(), "--data", captions_file("captions.en"), "--limit", "4"};

using Row = std::map<std::string, std::string>;  // cells by their columns

// Reads a table with a header (RFC 4180), without line breaks in cells.
inline std::vector<Row> csv(const std::filesystem::path& path) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> all(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
        all.back() += line[++i];
      else if (line[i] == '"')
        quoted = !quoted;
      else if (line[i] == ',' && !quoted)
        all.emplace_back();
      else
        all.back() += line[i];
    }
    return all;
  };
  std::istringstream text(read_file(path));
  std::string line;
  std::getline(text, line);
  const std::vector<std::string> header = cells(line);
  std::vector<Row> rows;
  while (std::getline(text, line)) {
    const std::vector<std::string> row = cells(line);
    EXPECT_EQ(row.size(), header.size()) << line;
    for (std::size_t c = 0; c < row.size() && c < header.size(); ++c) {
      if (c == 0) rows.emplace_back();
      EXPECT_TRUE(rows.back().emplace(header[c], row[c]).second) << header[c] << " stands twice";
    }
  }
  return rows;
}

using Files = std::map<std::string, std::string>;  // contents by path

inline Files files_of(const std::filesystem::path& folder) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[std::filesystem::relative(entry.path(), folder).string()] = read_file(entry.path());
  return files;
}

// The files of a sweep but for the journal, whose order may differ.
inline Files tables(const std::filesystem::path& folder) {
  Files files = files_of(folder);
  std::erase_if(files, [](const auto& file) { return file.first.starts_with("journal/"); });
  return files;
}

inline std::multiset<std::string> sorted_lines(const std::filesystem::path& path) {
  std::istringstream text(read_file(path));
  std::multiset<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.insert(line);
  return lines;
}

// A small model, five utterances and a policy. A sweep of it has 6 points and a reference, in
// blocks of 2 utterances.
class SmallSweep : public DataFolder {
 public:
  SmallSweep() {
    Model model = random_model(
        {.inputs = 4, .lstm = {{.cells = 5}, {.cells = 4}}, .outputs = 5, .gain = 3}, 5);
    model.tokens = {"", "a", "b", " ", "c"};
    file("model.safetensors", model_bytes(model));
    std::string manifest;
    const std::vector<std::string> texts{"a", "a b c", "b c", "c a", "a a b b c c"};
    for (std::size_t n = 0; n < texts.size(); ++n) {
      const std::string name = "u" + std::to_string(n);
      audio(name + ".wav", {.samples = static_cast<int>(1600 + 700 * ((n * 3) % 5))});
      manifest += "{\"id\": \"" + name + "\", \"audio_filepath\": \"" + name +
                  ".wav\", \"text\": \"" + texts[n] + "\"}\n";
    }
    file("set.jsonl", manifest);
    file("p.yaml", "operand: {type: delta, threshold_x: 0.1, threshold_h: 0.1}\n");
  }

  // What varies in a sweep of it.
  static Arguments points() {
    return {"--vary",   "operand.threshold_x=0.01:2:log",
            "--vary",   "operand.threshold_h=0.01:0.5",
            "--points", "6"};
  }
  // What varies in a sweep that takes long.
  static Arguments many_points() {
    Arguments many = points();
    many.back() = "200";
    return many;
  }
  static Arguments inputs() {
    return {"--model", "model.safetensors", "--data", "set.jsonl", "--policy", "p.yaml"};
  }
  // Returns the words of `edgeval sweep`; options that are given again replace those of the sweep.
  static Arguments words(const Arguments& more, const Arguments& points = SmallSweep::points()) {
    Arguments all{"sweep", "--quiet"};
    std::map<std::string, std::string> once{{"--block", "2"}, {"--out", "sweep"}};
    for (std::size_t i = 0; i + 1 < inputs().size(); i += 2) once[inputs()[i]] = inputs()[i + 1];
    for (std::size_t i = 0; i < more.size(); ++i) {
      if (once.contains(more[i]))
        once[more[i]] = more[i + 1], ++i;
      else
        all.push_back(more[i]);
    }
    for (const auto& [option, value] : once) all.insert(all.end(), {option, value});
    return joined(all, points);
  }
  static std::string line(const Arguments& more, const Arguments& points = SmallSweep::points()) {
    return command_line(words(more, points));
  }
  CommandResult run(const Arguments& more, const Arguments& points = SmallSweep::points()) const {
    return edgeval(words(more, points), path());
  }
};

}  // namespace edgeval::test
