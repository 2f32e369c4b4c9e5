// Rules for changing transcripts and hypotheses before errors are counted: letters are brought into
// one case, and characters into Unicode's normal form C. Signatures name the rules.
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

// Return UTF-8 texts as the rules change them. Case is mapped by Unicode's full mapping, without
// the rules of any language.
std::string applied(const TextRules& rules, std::string_view text);
std::vector<std::string> applied(const TextRules& rules, std::vector<std::string> texts);

// Returns the rules' part of a signature: "case:kept", "case:lower|norm:nfc".
std::string signature_part(const TextRules& rules);

// Return the rules as the options name them: "keep", "lower" or "upper"; "none" or "nfc".
std::string case_name(const TextRules& rules);
std::string normal_form_name(const TextRules& rules);

}  // namespace edgeval
