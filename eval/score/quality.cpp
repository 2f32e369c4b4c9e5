#include "eval/score/quality.hpp"

#include "host/core/error.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// Errors and references of every utterance, one beside the other for the bootstrap.
struct PerUtterance {
  std::vector<std::uint64_t> errors;
  std::vector<std::uint64_t> reference;

  void add(std::uint64_t wrong, std::uint64_t of) {
    errors.push_back(wrong);
    reference.push_back(of);
  }
  std::optional<Interval> ci95(std::uint64_t seed) const {
    std::optional<Interval> interval = bootstrap_ratio(errors, reference, {.seed = seed});
    if (interval) *interval = {100 * interval->low, 100 * interval->high};
    return interval;
  }
};

ErrorRate rate(std::span<const EditCounts> counts, std::uint64_t seed) {
  ErrorRate rate;
  PerUtterance utterances;
  for (const EditCounts& utterance : counts) {
    rate.counts += utterance;
    utterances.add(utterance.errors(), utterance.reference);
  }
  rate.value = percent(rate.counts.errors(), rate.counts.reference);
  rate.ci95 = utterances.ci95(seed);
  return rate;
}

SentenceErrorRate sentence_rate(std::span<const EditCounts> counts, std::uint64_t seed) {
  SentenceErrorRate rate;
  PerUtterance utterances;
  for (const EditCounts& utterance : counts) {
    const bool wrong = utterance.errors() > 0;
    rate.errors += wrong;
    utterances.add(wrong, 1);
  }
  rate.sentences = counts.size();
  rate.value = percent(rate.errors, rate.sentences);
  rate.ci95 = utterances.ci95(seed);
  return rate;
}

std::string signature(std::string_view metric, std::string_view unit, EditCosts costs,
                      const TextRules& text) {
  return concat("edgeval-", metric, "|align:", costs == EditCosts::kSclite ? "sclite" : "unit",
                "|unit:", unit, "|", signature_part(text), "|version:", EDGEVAL_VERSION);
}

ordered_json json_of(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of(const std::optional<Interval>& interval) {
  return interval ? ordered_json{interval->low, interval->high} : ordered_json(nullptr);
}

ordered_json json_of(const EditCounts& counts, const char* unit) {
  return {{"errors", counts.errors()},
          {"substitutions", counts.substitutions},
          {"deletions", counts.deletions},
          {"insertions", counts.insertions},
          {unit, counts.reference}};
}

ordered_json json_of(const ErrorRate& rate, const char* unit, const std::string& signature) {
  ordered_json json{{"value", json_of(rate.value)}};
  json.update(json_of(rate.counts, unit));
  json["ci95"] = json_of(rate.ci95);
  json["signature"] = signature;
  return json;
}

}  // namespace

Quality evaluate(std::span<const std::string> references, std::span<const std::string> hypotheses,
                 const QualityOptions& options) {
  EDGEVAL_ASSERT(references.size() == hypotheses.size());
  Quality quality;
  quality.options = options;
  std::vector<EditCounts> words;
  std::vector<EditCounts> characters;
  for (std::size_t n = 0; n < references.size(); ++n) {
    quality.alignments.push_back(align_words(references[n], hypotheses[n], options.costs));
    words.push_back(quality.alignments.back().counts);
    quality.empty_references += words.back().reference == 0;
    if (options.characters)
      characters.push_back(character_counts(references[n], hypotheses[n], options.costs));
  }
  quality.words = rate(words, options.seed);
  quality.characters = rate(characters, options.seed);
  quality.sentences = sentence_rate(words, options.seed);
  return quality;
}

std::string word_signature(EditCosts costs, const TextRules& text) {
  return signature("wer", "word", costs, text);
}

std::string symbol_signature(EditCosts costs, const TextRules& text) {
  return signature("symbol", "symbol", costs, text);
}

std::string character_signature(EditCosts costs, const TextRules& text) {
  return signature("cer", "character", costs, text);
}

std::string sentence_signature(const TextRules& text) {
  return concat("edgeval-ser|unit:sentence|", signature_part(text), "|version:", EDGEVAL_VERSION);
}

std::string exact_signature(std::size_t references, const TextRules& text) {
  return concat("edgeval-exact|nrefs:", references, "|", signature_part(text),
                "|version:", EDGEVAL_VERSION);
}

ordered_json to_json(const Quality& quality) {
  const QualityOptions& options = quality.options;
  const SentenceErrorRate& sentences = quality.sentences;
  ordered_json json{
      {"wer", json_of(quality.words, "words", word_signature(options.costs, options.text))}};
  if (options.characters)
    json["cer"] =
        json_of(quality.characters, "characters", character_signature(options.costs, options.text));
  json["ser"] = {{"value", json_of(sentences.value)},
                 {"errors", sentences.errors},
                 {"sentences", sentences.sentences},
                 {"ci95", json_of(sentences.ci95)}};
  json["empty_references"] = quality.empty_references;
  return json;
}

ordered_json to_json(const Alignment& alignment) {
  ordered_json json = json_of(alignment.counts, "words");
  json["alignment"] = letters(alignment);
  return json;
}

}  // namespace edgeval
