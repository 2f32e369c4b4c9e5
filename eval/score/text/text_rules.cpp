#include "eval/score/text/text_rules.hpp"

#include <map>

#include "eval/score/text/unicode.hpp"
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

}  // namespace edgeval
