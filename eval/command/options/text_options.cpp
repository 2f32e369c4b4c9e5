#include "eval/command/options/text_options.hpp"

#include <map>
#include <string>

namespace edgeval {

void add_text_budget(CLI::App& command, data::TextBudget& budget) {
  command
      .add_option("--text-budget", budget.mebibytes,
                  "MiB that a file of text may unpack to; each line counts 512 bytes more")
      ->check(between(1, Index{1} << 30))
      ->type_name("MIB")
      ->capture_default_str();
}

void add_text_options(CLI::App& command, TextRules& rules) {
  const std::map<std::string, LetterCase> cases{
      {"keep", LetterCase::kKept}, {"lower", LetterCase::kLower}, {"upper", LetterCase::kUpper}};
  const std::map<std::string, bool> forms{{"none", false}, {"nfc", true}};
  command
      .add_option_function<std::string>(
          "--case", [&rules, cases](const std::string& name) { rules.letters = cases.at(name); },
          "Letters of transcripts and hypotheses before errors are counted: keep, lower or upper")
      ->check(CLI::IsMember({"keep", "lower", "upper"}).description(""))
      ->type_name("NAME")
      ->default_str("keep");
  command
      .add_option_function<std::string>(
          "--normalize", [&rules, forms](const std::string& name) { rules.nfc = forms.at(name); },
          "Unicode normal form of the texts: none (as they are) or nfc")
      ->check(CLI::IsMember({"none", "nfc"}).description(""))
      ->type_name("NAME")
      ->default_str("none");
}

}  // namespace edgeval
