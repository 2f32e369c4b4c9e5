// What is done to transcripts and hypotheses before errors are counted: letters brought into one
// case, characters into Unicode's normal form C. Both stand in the signature of the figures.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

enum class LetterCase { kKept, kLower, kUpper };

struct TextRules {
  LetterCase letters = LetterCase::kKept;
  bool nfc = false;

  bool changes_anything() const { return letters != LetterCase::kKept || nfc; }
  bool operator==(const TextRules&) const = default;
};

// UTF-8 wanted; full mapping without a language.
std::string applied(const TextRules& rules, std::string_view text);
std::vector<std::string> applied(const TextRules& rules, std::vector<std::string> texts);

// "case:kept", "case:lower|norm:nfc"
std::string signature_part(const TextRules& rules);

// As the options write them: "keep", "lower", "upper"; "none", "nfc".
std::string case_name(const TextRules& rules);
std::string normal_form_name(const TextRules& rules);

}  // namespace edgeval
