#include "eval/text_rules.hpp"

#include <map>

#include "eval/unicode.hpp"
#include "host/core/error.hpp"

namespace edgeval {

std::string applied(const TextRules& rules, std::string_view text) {
  std::string changed = rules.nfc ? normal_form_c(text) : std::string(text);
  switch (rules.letters) {
    case LetterCase::kKept:
      return changed;
    case LetterCase::kLower:
      return lower_case(changed);
    case LetterCase::kUpper:
      return upper_case(changed);
  }
  return changed;
}

std::vector<std::string> applied(const TextRules& rules, std::vector<std::string> texts) {
  if (rules.changes_anything())
    for (std::string& text : texts) text = applied(rules, text);
  return texts;
}

std::string case_name(const TextRules& rules) {
  return rules.letters == LetterCase::kKept    ? "keep"
         : rules.letters == LetterCase::kLower ? "lower"
                                               : "upper";
}

std::string normal_form_name(const TextRules& rules) { return rules.nfc ? "nfc" : "none"; }

std::string signature_part(const TextRules& rules) {
  const bool kept = rules.letters == LetterCase::kKept;
  return concat("case:", kept ? "kept" : case_name(rules), rules.nfc ? "|norm:nfc" : "");
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
          "Their Unicode normal form: none (as they are) or nfc")
      ->check(CLI::IsMember({"none", "nfc"}).description(""))
      ->type_name("NAME")
      ->default_str("none");
}

}  // namespace edgeval
