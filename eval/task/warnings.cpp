#include "eval/task/warnings.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "eval/score/metrics/wer.hpp"
#include "eval/score/text/unicode.hpp"
#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

constexpr const char* kCure =
    "; are its thresholds right? (docs/techniques.md, \"Choosing a threshold\")";

using Characters = std::map<char32_t, std::uint64_t>;  // number of occurrences of each character

void add_characters(Characters& characters, std::string_view text) {
  for (const char32_t point : code_points(text))
    if (!is_white_space(point)) ++characters[point];
}

Characters characters_of(std::span<const std::string> texts, const TextRules& rules = {}) {
  Characters characters;
  for (const std::string& text : texts)
    add_characters(characters, rules.changes_anything() ? applied(rules, text) : text);
  return characters;
}

Characters without(Characters characters, const Characters& known) {
  std::erase_if(characters, [&](const auto& each) { return known.contains(each.first); });
  return characters;
}

std::uint64_t occurrences(const Characters& characters) {
  std::uint64_t sum = 0;
  for (const auto& [point, times] : characters) sum += times;
  return sum;
}

// Lists up to 20 characters, the most frequent first: "a b c and 4 more".
std::string listed(const Characters& characters) {
  constexpr std::size_t kShown = 20;
  std::vector<std::pair<std::uint64_t, char32_t>> order;
  for (const auto& [point, times] : characters) order.emplace_back(times, point);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](const auto& each) { return each.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min(order.size(), kShown); ++i)
    text += concat(i == 0 ? "" : " ", utf8(std::u32string(1, order[i].second)));
  if (order.size() > kShown) text += concat(" and ", order.size() - kShown, " more");
  return text;
}

// An option of the command line that may cure how texts are written.
struct Cure {
  const char* option;
  TextRules rules;
};
constexpr Cure kCures[] = {{"--case upper", {.letters = LetterCase::kUpper}},
                           {"--case lower", {.letters = LetterCase::kLower}},
                           {"--normalize nfc", {.nfc = true}}};

// Returns "; try OPTION" with the option that leaves the fewest occurrences of characters the model
// cannot write, or an empty text when no option leaves fewer than `beyond`.
std::string cure_for(std::span<const std::string> references, const Characters& known,
                     std::uint64_t beyond) {
  std::string best;
  for (const Cure& cure : kCures) {
    const std::uint64_t left = occurrences(without(characters_of(references, cure.rules), known));
    if (left >= beyond) continue;
    beyond = left;
    best = concat("; try ", cure.option);
  }
  return best;
}

// Whether a token is written as a name such as <blank>, <unk> or [PAD]. The model does not write
// the letters of such a name into a text.
bool is_special(std::string_view token) {
  return token.size() > 2 && ((token.front() == '<' && token.back() == '>') ||
                              (token.front() == '[' && token.back() == ']'));
}

// Returns the characters that a model with these tokens can write.
Characters emittable(std::span<const std::string> tokens) {
  Characters characters;
  for (const std::string& token : tokens)
    if (!is_special(token)) add_characters(characters, token);
  return characters;
}

void warn_of_characters(std::span<const std::string> references,
                        std::span<const std::string> tokens, std::vector<std::string>& warnings) {
  const Characters known = emittable(tokens), all = characters_of(references);
  const Characters beyond = without(all, known);
  if (beyond.empty()) return;
  warnings.push_back(concat("transcripts hold characters the model cannot emit: ", listed(beyond),
                            " (", occurrences(beyond), " of ", occurrences(all), " characters)",
                            cure_for(references, known, occurrences(beyond))));
}

// Whether any word of the hypothesis stands anywhere in the reference.
bool shares_a_word(const std::string& reference, const std::string& hypothesis) {
  const std::vector<std::string_view> words = split_words(reference);
  const std::unordered_set<std::string_view> known(words.begin(), words.end());
  return std::ranges::any_of(split_words(hypothesis),
                             [&](std::string_view word) { return known.contains(word); });
}

bool share_a_word(std::span<const std::string> references, std::span<const std::string> hypotheses,
                  const TextRules& rules) {
  for (std::size_t n = 0; n < references.size(); ++n)
    if (shares_a_word(applied(rules, references[n]), applied(rules, hypotheses[n]))) return true;
  return false;
}

constexpr const char* kSeparator =
    "the separator of words is missing among the tokens, or is written in a way edgeval does not "
    "know";

// Whether the hypothesis is a single word that holds at least two words of the reference, in their
// order.
bool runs_together(const std::string& reference, const std::string& hypothesis) {
  if (split_words(hypothesis).size() != 1) return false;
  std::size_t at = 0, found = 0;
  for (const std::string_view word : split_words(reference)) {
    const std::size_t place = hypothesis.find(word, at);
    if (place == std::string::npos) continue;
    at = place + word.size();
    ++found;
  }
  return found > 1;
}

// Whether no hypothesis has more than one word, while for most of the references that have several
// words these run together in the hypothesis.
bool run_together(std::span<const std::string> references,
                  std::span<const std::string> hypotheses) {
  std::size_t several = 0, together = 0;
  for (std::size_t n = 0; n < references.size(); ++n) {
    if (split_words(hypotheses[n]).size() > 1) return false;
    several += split_words(references[n]).size() > 1;
    together += runs_together(references[n], hypotheses[n]);
  }
  return 2 * together > several;
}

// Returns the option under which a word would be right, or an empty text when there is none. An
// option that leaves the hypotheses as the model writes them goes before the others.
std::string cure_of_words(std::span<const std::string> references,
                          std::span<const std::string> hypotheses) {
  std::string any;
  for (const Cure& cure : kCures) {
    if (!share_a_word(references, hypotheses, cure.rules)) continue;
    const bool kept = std::ranges::all_of(hypotheses, [&](const std::string& hypothesis) {
      return applied(cure.rules, hypothesis) == hypothesis;
    });
    if (kept) return cure.option;
    if (any.empty()) any = cure.option;
  }
  return any;
}

// Returns the end of the warning that no word is right: the cure, the reason, or a question.
std::string reason_for_no_word(std::span<const std::string> references,
                               std::span<const std::string> hypotheses) {
  const std::string cure = cure_of_words(references, hypotheses);
  if (!cure.empty()) return concat("; some would be with ", cure);
  if (run_together(references, hypotheses))
    return concat("; every hypothesis is one word: ", kSeparator);
  return "; do transcripts and hypotheses belong to each other, and are they written alike?";
}

// `of_model` says that a model wrote the hypotheses in this run; else they come from a file.
void warn_of_words(std::span<const std::string> references, std::span<const std::string> hypotheses,
                   bool of_model, std::vector<std::string>& warnings) {
  const auto has_words = [](const std::string& text) { return !trimmed(text).empty(); };
  if (std::ranges::none_of(references, has_words)) return;
  if (std::ranges::none_of(hypotheses, has_words)) {
    warnings.push_back(concat(
        "all hypotheses are empty, so every word counts as deleted",
        of_model
            ? "; is the blank the right token, and the front end the one the model was trained "
              "with?"
            : ""));
    return;
  }
  if (!share_a_word(references, hypotheses, {}))
    warnings.push_back(concat("no word of the transcripts was ever recognised",
                              reason_for_no_word(references, hypotheses)));
  else if (run_together(references, hypotheses))  // only utterances of one word are right
    warnings.push_back(concat("no hypothesis has more than one word: ", kSeparator));
}

bool left_out_nothing(const LayerActivity& layer) {
  return layer[Count::kInputsChanged] == layer[Count::kInputs] &&
         layer[Count::kRecurrentInputsChanged] == layer[Count::kRecurrentInputs] &&
         layer[Count::kNeuronsMemoized] == 0 && layer[Count::kElementsLow] == 0;
}

bool ran_every_step(const LayerActivity& layer) {
  return layer[Count::kStepsSkipped] == 0 && layer[Count::kStepsPseudo] == 0;
}

}  // namespace

std::vector<std::string> text_warnings(std::span<const std::string> references,
                                       std::span<const std::string> hypotheses,
                                       std::span<const std::string> tokens) {
  std::vector<std::string> warnings;
  if (!tokens.empty()) warn_of_characters(references, tokens, warnings);
  warn_of_words(references, hypotheses, !tokens.empty(), warnings);
  return warnings;
}

std::vector<std::string> policy_warnings(const Model& model, const OperatingPoint& point,
                                         const Activity& total) {
  // Name of each technique, and whether it left out work in any layer.
  std::map<std::string, bool> plans, operands;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const LayerPolicy& policy = point.layers[i];
    for (const LayerActivity& layer : total.layers) {
      if (layer.shape.name != layer_name(model.layers[i]) || layer[Count::kSteps] == 0) continue;
      if (!is_neutral(policy.plan))
        plans[std::visit([](const auto& plan) { return plan.kName; }, policy.plan)] |=
            !ran_every_step(layer);
      if (!is_neutral(policy.operand))
        operands[std::visit([](const auto& operand) { return operand.kName; }, policy.operand)] |=
            !left_out_nothing(layer);
    }
  }
  std::vector<std::string> warnings;
  for (const auto& [name, worked] : plans)
    if (!worked) warnings.push_back(concat("plan ", name, " ran every step of every layer", kCure));
  for (const auto& [name, worked] : operands)
    if (!worked)
      warnings.push_back(concat("operand ", name, " left out no product in any layer", kCure));
  return warnings;
}

std::vector<std::string> beam_warnings(const Beam& beam, const SearchCounts& counts) {
  const auto widest = static_cast<std::uint64_t>(widest_of(beam));
  if (is_neutral(beam) || counts.steps == 0 || counts.beam_width_sum < counts.steps * widest)
    return {};
  const std::string name =
      std::visit([](const auto& each) { return std::string(each.kName); }, beam);
  return {concat("beam ", name, " kept its greatest width, ", widest, ", at every step", kCure)};
}

}  // namespace edgeval
