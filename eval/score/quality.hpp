// How good the hypotheses of a test set are: word, character and sentence errors, each with its 95
// % bootstrap interval over utterances. The object "quality" of report.json (docs/formats.md,
// "report").
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/text/text_rules.hpp"
#include "eval/score/wer.hpp"

namespace edgeval {

// Rates and intervals in percent; nothing when there is no reference to divide by.
struct ErrorRate {
  EditCounts counts;
  std::optional<double> value;
  std::optional<Interval> ci95;
};

struct SentenceErrorRate {
  std::uint64_t errors = 0;  // sentences with any word wrong
  std::uint64_t sentences = 0;
  std::optional<double> value;
  std::optional<Interval> ci95;
};

struct QualityOptions {
  EditCosts costs = EditCosts::kUnit;
  TextRules text{};        // what was done to the texts before; the signature says so
  std::uint64_t seed = 0;  // of the bootstrap
  bool characters =
      true;  // count characters too: the time grows with the square of a sentence's length
};

struct Quality {
  QualityOptions options;
  ErrorRate words;
  ErrorRate characters;  // all zero unless options.characters
  SentenceErrorRate sentences;
  std::uint64_t empty_references = 0;  // their insertions count, their words are none
  std::vector<Alignment> alignments;   // of the words, one per utterance
};

// One entry per utterance in both; a missing hypothesis is an empty string.
Quality evaluate(std::span<const std::string> references, std::span<const std::string> hypotheses,
                 const QualityOptions& options = {});

// What a figure was counted by: "edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0".
std::string word_signature(EditCosts costs, const TextRules& text = {});
std::string symbol_signature(EditCosts costs, const TextRules& text = {});
std::string character_signature(EditCosts costs, const TextRules& text = {});
std::string sentence_signature(const TextRules& text = {});
// "edgeval-exact|nrefs:1|case:kept|version:0.1.0"
std::string exact_signature(std::size_t references, const TextRules& text = {});

// {"wer", "cer" when counted, "ser", "empty_references"}; a value or interval that does not exist
// is null.
nlohmann::ordered_json to_json(const Quality& quality);

// {"errors", "substitutions", "deletions", "insertions", "words", "alignment": "CCSDI"} of one
// utterance.
nlohmann::ordered_json to_json(const Alignment& alignment);

}  // namespace edgeval
