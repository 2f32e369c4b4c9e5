// Everything that the documentation names must exist: files, sections, commands, options, keys of
// policies and of reports, switches of the build and variables of the environment.
//
// The tests read all documents but CHANGELOG.md, which tells of names that are gone. The rules
// below look at links, at text in backticks, and at blocks of code. Text that no rule knows
// (values, formulas, words of other programs) is ignored.
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "host/core/activity.hpp"
#include "tests/docs/document.hpp"
#include "tests/docs/program.hpp"
#include "tests/docs/repository.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// Names that documents may use although they do not exist.
// clang-format off
const Names kAbsent{
    // what docs/architecture.md adds
    "round_to_even_grid", "host/technique/round_to_even_grid.hpp",
    "operand.type=round_to_even_grid", "host/numeric/mgu_cell.hpp", "host/layer/mgu.hpp",
    "host/import/npz/npz.cpp", "tests/host/import/import_npz_test.cpp",
    "eval/task/count/count_task.cpp", "tests/eval/task/count_tokens_test.cpp", "--count-tokens",
    "snake_case", "EDGEVAL_NAME",          // forms of names, in CONTRIBUTING.md
    "my_corpus",                           // the reader's, in README.md
    "operand.clustres",                    // a mistake that docs/formats/policy.md shows
    "realtime_factor",                     // of reports of schema 1
    "oneapi/dnnl/dnnl.hpp",                // oneDNN's
    "boost/random/sobol.hpp",              // Boost's
    "--use-energy",                        // Kaldi's
    "--fmad",                              // nvcc's
    "--build", "--install",                // CMake's
};
// clang-format on

const Repository& repository() {
  static const Repository known = read_repository();
  return known;
}
const Program& program() {
  static const Program known = ask_program();
  return known;
}
const Names& keys() {
  static const Names known = ask_keys();
  return known;
}

using Problems = std::vector<std::string>;

// Words in capitals, such as NAME and SPLIT, stand for something that the reader fills in.
bool is_placeholder(const std::string& word) {
  static const std::regex capitals(R"re((^|[^A-Za-z])[A-Z_]{2,}([^A-Za-z]|$))re");
  return std::regex_search(word, capitals);
}

// Checks a path from the root, which begins with a folder of the repository and may hold `*`, or
// the last part of a path to a source.
std::optional<std::string> missing_path(const std::string& word) {
  static const std::regex path(R"re([\w.*+-]+(/[\w.*+-]*)*)re");
  const std::string folder = word.substr(0, word.find('/'));
  const bool rooted = kFolders.contains(folder) && folder != word;
  if (!std::regex_match(word, path) || kAbsent.contains(word) || is_placeholder(word) ||
      !(rooted || is_own_kind(word)) || word.starts_with('.') || word.starts_with("*."))
    return {};
  for (const std::string& absent : kAbsent)
    if (word.ends_with("/" + absent)) return {};
  const std::string plain = word.ends_with('/') ? word.substr(0, word.size() - 1) : word;
  std::function<bool(const std::string&)> is_meant = [&](const std::string& name) {
    return name == plain || (!rooted && name.ends_with("/" + plain));
  };
  if (plain.find('*') != std::string::npos) {
    std::string pattern;
    for (const char c : plain)
      pattern += c == '*'               ? "[^/]*"
                 : c == '.' || c == '+' ? std::string("\\") + c
                                        : std::string(1, c);
    is_meant = [whole = std::regex(rooted ? pattern : "(.*/)?" + pattern)](
                   const std::string& name) { return std::regex_match(name, whole); };
  }
  for (const Names* names : {&repository().files, &repository().folders})
    if (std::ranges::any_of(*names, is_meant)) return {};
  return word + ": no such file";
}

// Checks KEY or KEY=VALUE of a policy, such as plan.threshold=0.7 or layers.lstm1.operand.type.
std::optional<std::string> unknown_policy_key(std::string word) {
  static const std::regex layer(R"re(layers\.("[^"]+"|\w+)\.(.*))re");
  std::string key = word.substr(0, word.find('='));
  if (std::smatch match; std::regex_match(key, match, layer)) key = std::string(match[2]);
  const auto axis = program().axes.find(key.substr(0, key.find('.')));
  static const std::regex form(R"re([a-z_]+(\.[a-z_]+)+)re");
  if (axis == program().axes.end() || !std::regex_match(key, form) || kAbsent.contains(key) ||
      is_source(key))
    return {};
  const std::string rest = key.substr(key.find('.') + 1);
  if (rest == "type") {
    const std::string given =
        word.find('=') == std::string::npos ? "" : word.substr(word.find('=') + 1);
    std::string type;  // one of those of a sweep, as in operand.type=as_is,delta
    for (std::istringstream types(given); std::getline(types, type, ',');)
      if (!is_placeholder(type) && !kAbsent.contains(type) && !axis->second.contains(type))
        return word + ": no such type";
    return {};
  }
  for (const auto& [type, parameters] : axis->second)
    if (parameters.contains(rest)) return {};
  return word + ": no such key of a policy";
}

std::optional<std::string> unknown_switch(const std::string& word) {
  static const std::regex form(R"re((?:-D)?(EDGEVAL_[A-Z_]+)(=.*)?)re");
  std::smatch match;
  if (!std::regex_match(word, match, form) || repository().switches.contains(match[1]) ||
      kAbsent.contains(match[1]))
    return {};
  return word + ": no such switch or variable";
}

std::string option_of(const std::string& word) {
  static const std::regex form(R"re(--[a-z][a-z-]*)re");
  std::smatch match;
  if (!std::regex_search(word, match, form, std::regex_constants::match_continuous)) return "";
  return match[0];
}

bool is_option(const std::string& option) {
  if (repository().script_options.contains(option) || kAbsent.contains(option)) return true;
  for (const auto& [command, options] : program().options)
    if (options.contains(option)) return true;
  return false;
}

// Checks the command and the options that follow the word `edgeval`.
void check_command(const std::vector<std::string>& words, std::size_t at, Problems& problems) {
  if (at >= words.size() || is_placeholder(words[at]) || words[at] == "...") return;
  if (words[at].starts_with("--")) {
    if (!is_option(option_of(words[at]))) problems.push_back(words[at] + ": no such option");
    return;
  }
  const auto command = program().options.find(words[at]);
  if (command == program().options.end()) {
    problems.push_back("edgeval " + words[at] + ": no such command");
    return;
  }
  for (++at; at < words.size() && Names{"|", ">", "&&", "#", "&"}.count(words[at]) == 0; ++at)
    if (const std::string option = option_of(words[at]);
        !option.empty() && !command->second.contains(option))
      problems.push_back("edgeval " + command->first + " " + option + ": no such option");
}

void check_words(const std::string& text, Problems& problems) {
  const std::vector<std::string> words = words_of(text);
  for (const std::string& word : words)
    for (const auto& problem : {missing_path(word), unknown_policy_key(word), unknown_switch(word)})
      if (problem) problems.push_back(*problem);
}

// Checks the commands in a text: words after the program's name, unless the name is an argument.
void check_commands(const std::string& text, Problems& problems) {
  static const std::regex call(R"re((?:^|\s)(?:build/)?edgeval\s+(?![\w.-]*/))re");
  for (std::sregex_iterator match(text.begin(), text.end(), call), end; match != end; ++match)
    check_command(words_of(match->suffix()), 0, problems);
}

void check_span(const std::string& span, Problems& problems) {
  check_words(span, problems);
  const std::vector<std::string> words = words_of(span);
  if (words.empty()) return;
  check_commands(span, problems);
  if (program().options.contains(words[0]) && words.size() > 1 && words[1].starts_with("--"))
    check_command(words, 0, problems);
  if (words[0].starts_with("--"))
    for (const std::string& word : words)
      if (const std::string option = option_of(word); !option.empty() && !is_option(option))
        problems.push_back(option + ": no such option");
  // Only words with an underscore are taken for names of the program.
  static const std::regex name(R"re([a-z]+(_[a-z0-9]+)+)re");
  if (std::regex_match(span, name) && !repository().words.contains(span) &&
      !keys().contains(span) && !kAbsent.contains(span))
    problems.push_back(span + ": no such name");
}

void check_code(const std::string& line, Problems& problems) {
  check_words(line, problems);
  check_commands(line, problems);
}

// Checks [text](target), after which ", "Section"" may follow.
void check_links(const Document& document, const std::string& whole, Problems& problems) {
  static const std::regex link(R"re(\]\(([^()\s]+)\)(?:,\s+"([^"]+)")?)re");
  const fs::path folder = (source_folder() / document.name).parent_path();
  for (std::sregex_iterator match(document.prose.begin(), document.prose.end(), link), end;
       match != end; ++match) {
    const std::string target = (*match)[1];
    if (target.starts_with("http")) continue;
    const std::string file = target.substr(0, target.find('#'));
    const fs::path path = file.empty() ? source_folder() / document.name : folder / file;
    if (!file.empty() && !fs::exists(path)) {
      problems.push_back(target + ": a link to nothing");
      continue;
    }
    if (path.extension() != ".md") continue;
    const std::string text = file.empty() ? whole : read_file(path);
    if (target.find('#') != std::string::npos &&
        !anchors_of(text).contains(target.substr(target.find('#') + 1)))
      problems.push_back(target + ": no such heading");
    std::string section = (*match)[2];
    std::ranges::replace(section, '\n', ' ');
    if (!section.empty() && !has_section(file, text, section))
      problems.push_back(target + ", \"" + section + "\": no such section");
  }
}

// In these pages the first columns of the tables of keys and counts name what the program writes:
// a.b, and NAME for any.
const Names kPagesOfOutputs{"docs/formats/compare.md", "docs/formats/import.md",
                            "docs/formats/profile.md", "docs/formats/report.md",
                            "docs/formats/scoring.md"};

void check_keys(const Document& document, Problems& problems) {
  static const std::regex key(R"re([a-z0-9_]+(\.[A-Za-z0-9_]+)*)re");
  for (const std::string& span : document.keys) {
    if (!std::regex_match(span, key)) continue;
    std::string part;
    for (std::istringstream parts(span); std::getline(parts, part, '.');)
      if (!is_placeholder(part) && !keys().contains(part))
        problems.push_back(span + ": no such key in what edgeval writes");
  }
}

Problems problems_of(const std::string& name, const std::string& text) {
  const Document document = parsed(name, text);
  Problems problems;
  for (const std::string& span : document.spans) check_span(span, problems);
  for (const std::string& line : document.code) check_code(line, problems);
  check_links(document, text, problems);
  if (kPagesOfOutputs.contains(name)) check_keys(document, problems);
  std::ranges::sort(problems);
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  return problems;
}

std::vector<std::string> documents() {
  std::vector<std::string> names;
  for (const std::string& name : repository().files)
    if (name.ends_with(".md") && name != "CHANGELOG.md") names.push_back(name);
  return names;
}

TEST(Docs, WhatTheyNameExists) {
  EXPECT_GT(documents().size(), 20U);
  for (const std::string& name : documents())
    for (const std::string& problem : problems_of(name, read_file(source_folder() / name)))
      ADD_FAILURE() << name << ": " << problem;
}

// docs/x.md, "Section" in a comment, which may break between the two; or docs/x.md ("Section").
TEST(Docs, SectionsThatSourcesCiteExist) {
  static const std::regex cited(
      R"re((docs/[\w/.-]+\.md)(?:(?:,\s+(?://\s+|#\s+)?|\s\()\\?"([^"\\]+)\\?")?)re");
  std::size_t citations = 0;
  for (const std::string& name : repository().files) {
    if (!ends_in(name, {".cpp", ".hpp", ".cu", ".cuh", ".py", ".sh"}) ||
        name.starts_with("tests/docs/"))
      continue;
    const std::string source = read_file(source_folder() / name);
    for (std::sregex_iterator match(source.begin(), source.end(), cited), end; match != end;
         ++match) {
      ++citations;
      const std::string document = (*match)[1], section = (*match)[2];
      EXPECT_TRUE(repository().files.contains(document)) << name << " cites " << document;
      if (section.empty() || section.find('\n') != std::string::npos) continue;
      EXPECT_TRUE(has_section(document, read_file(source_folder() / document), section))
          << name << " cites " << document << ", \"" << section << "\"";
    }
  }
  EXPECT_GT(citations, 50U);
}

// Parameters stand in backticks in a document of docs/ that has the technique's name in backticks.
TEST(Docs, EveryOptionAndParameterIsDescribed) {
  std::vector<Names> words;  // of each document
  for (const std::string& name : documents()) {
    if (!name.starts_with("docs/")) continue;
    std::string text;
    for (const std::string& span : parsed(name, read_file(source_folder() / name)).spans)
      text += span + "\n";
    collect(words.emplace_back(), text, R"re(--[a-z][a-z-]*|\w+)re");
  }
  const auto stand_together = [&](const std::vector<std::string>& those) {
    return std::ranges::any_of(words, [&](const Names& of_document) {
      return std::ranges::all_of(
          those, [&](const std::string& word) { return of_document.contains(word); });
    });
  };
  for (const auto& [command, options] : program().options)
    for (const std::string& option : options)
      EXPECT_TRUE(stand_together({option})) << "edgeval " << command << " " << option;
  for (const auto& [axis, types] : program().axes)
    for (const auto& [type, parameters] : types) {
      EXPECT_TRUE(stand_together({axis, type})) << axis << " " << type;
      for (const std::string& parameter : parameters)
        EXPECT_TRUE(stand_together({type, parameter.substr(parameter.find('.') + 1)}))
            << axis << "." << parameter;
    }
}

// A count such as macs.4x4 stands in the row of `macs`, as "4x4".
TEST(Docs, EveryCountIsDescribed) {
  const std::string name = "docs/formats/report.md", text = read_file(source_folder() / name);
  for (const CountInfo& count : kCountInfo) {
    const std::string key(count.key), outer = key.substr(0, key.find('.'));
    bool described = false;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string first = line.substr(0, line.find('|', 1));
      described = described ||
                  (line.starts_with('|') && first.find("`" + outer + "`") != std::string::npos &&
                   (outer == key ||
                    line.find("\"" + key.substr(outer.size() + 1) + "\": n") != std::string::npos));
    }
    EXPECT_TRUE(described) << name << ": " << key;
  }
}

TEST(Docs, TheGlossaryIsInAlphabeticalOrder) {
  std::istringstream lines(read_file(source_folder() / "docs/glossary.md"));
  std::vector<std::string> terms;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("**")) {
      terms.push_back(line.substr(2, line.find("**", 2) - 2));
      for (char& c : terms.back())
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  EXPECT_GT(terms.size(), 80U);
  EXPECT_TRUE(std::ranges::is_sorted(terms));
}

TEST(Docs, WhatDoesNotExistIsFound) {
  const std::string text = R"md(# A page

`host/core/nothing.cpp` and `tests/nowhere/` are missing, `nothing_of_ours.hpp` is too, and `nothing.md`, `cuda/*.zig` matches nothing.
`--no-such-option 3`, `edgeval frobnicate`, `edgeval run --max-loss 1`, `score --device cpu`.
`plan.treshold=0.7`, `operand.type=reused`, `operand.type=delta,reusd`, `layers.lstm1.operand.cluster`.
`-DEDGEVAL_NO_SUCH=ON`, `EDGEVAL_NOWHERE=1` and `no_such_name_anywhere`.
[A](nothing.md), [B](formats.md#no-such-heading), [C](techniques.md), "No such section", [D](#nor-this).

| `mac_dense` | `whatever` |

    build/edgeval run --model datasets/spoken/none.safetensors \
        --set operand.clusterss=3 --outt out | grep --context
)md";
  EXPECT_EQ(problems_of("docs/page.md", text),
            (Problems{"#nor-this: no such heading",
                      "--no-such-option: no such option",
                      "-DEDGEVAL_NO_SUCH=ON: no such switch or variable",
                      "EDGEVAL_NOWHERE=1: no such switch or variable",
                      "cuda/*.zig: no such file",
                      "datasets/spoken/none.safetensors: no such file",
                      "edgeval frobnicate: no such command",
                      "edgeval run --max-loss: no such option",
                      "edgeval run --outt: no such option",
                      "edgeval score --device: no such option",
                      "formats.md#no-such-heading: no such heading",
                      "host/core/nothing.cpp: no such file",
                      "layers.lstm1.operand.cluster: no such key of a policy",
                      "mac_dense: no such name",
                      "no_such_name_anywhere: no such name",
                      "nothing.md: a link to nothing",
                      "nothing.md: no such file",
                      "nothing_of_ours.hpp: no such file",
                      "operand.clusterss=3: no such key of a policy",
                      "operand.type=delta,reusd: no such type",
                      "operand.type=reused: no such type",
                      "plan.treshold=0.7: no such key of a policy",
                      "techniques.md, \"No such section\": no such section",
                      "tests/nowhere/: no such file"}));
  EXPECT_EQ(problems_of("docs/formats/report.md",
                        "| count | x |\n|---|---|\n| `macs_dense` | x |\n| `steps.total` | x |\n"),
            (Problems{"steps.total: no such key in what edgeval writes"}));
}

TEST(Docs, WhatExistsAndWhatIsNoNameIsLeftAlone) {
  EXPECT_EQ(problems_of("docs/page.md", R"md(# A page

## Deeper down

`docs/gpu.md`, `tests/`, `setup.sh`, `eval/NAME_command.hpp`, `wav.scp`, `out/report.json`, `onmt/translate/beam.py`.
`--limit N`, `edgeval run ... --out dense`, `cmake --install build --prefix ~/.local`, `info NAME`, `edgeval COMMAND --help`.
`plan.threshold`, `operand.type=TYPE`, `layers."enc.lstm1".plan.type=every_step`, `EDGEVAL_CUDA`, `EDGEVAL_EXPECTS`.
`x_m = 3`, `[-1, 1]`, `weight_ih`, ``a`b``. [A](#deeper-down), [B](https://example.org/x.md), [C](formats.md), "Policy".
)md"),
            Problems{});
}

}  // namespace
}  // namespace edgeval::test
