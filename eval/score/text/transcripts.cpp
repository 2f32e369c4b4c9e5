#include "eval/score/text/transcripts.hpp"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

#include "datasets/text/file_kind.hpp"
#include "eval/score/text/transcript_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

constexpr const char* kCure =
    "; if the format is another, say --input-format kaldi|trn|lines|nemo|run";

// A file and its lines, which are views of its bytes.
struct Lines {
  std::string path;
  std::string bytes;
  std::vector<std::string_view> lines{};  // lines without white space at either end
  std::vector<std::string_view> whole{};  // lines with the white space in front, for tokenizers
};

enum class Role { kReference, kHypothesis };

struct Utterance {
  std::string id;
  std::string text;
  std::size_t line = 0;  // number of the line, from 1
};

void split_lines(Lines& file) {
  std::string_view rest = without_mark(file.bytes);
  EDGEVAL_EXPECTS(!rest.empty(), file.path, ": is empty, transcripts are wanted");
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    file.lines.push_back(trimmed(line));
    const std::string_view words = file.lines.back();
    const std::size_t end =
        words.empty() ? 0 : static_cast<std::size_t>(words.end() - line.begin());
    file.whole.push_back(line.substr(0, end));
    EDGEVAL_EXPECTS(file.lines.back().find('\0') == std::string_view::npos, file.path, ":",
                    file.lines.size(),
                    ": holds a zero byte; if it is UTF-16, convert it with iconv -t UTF-8");
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
}

// Whether a line of a trn file holds no utterance.
bool is_trn_comment(std::string_view line) { return line.empty() || line.starts_with(";;"); }

// Returns the ID of "words... (ID)", or an empty text when there is none.
std::string_view trn_id(std::string_view line) {
  const std::size_t open = line.rfind('(');
  if (open == std::string_view::npos || !line.ends_with(')')) return {};
  const std::string_view id = line.substr(open + 1, line.size() - open - 2);
  return first_word(id) == id ? id : std::string_view{};
}

// Whether the first word looks like "utt1" or "1089-134686-0000"; "1", "2nd" and "3.5" are words.
bool begins_with_id(std::string_view line) {
  const std::string_view word = first_word(line);
  if (!std::ranges::any_of(word, is_digit)) return false;
  const bool letter_first = std::isalpha(static_cast<unsigned char>(word.front())) != 0;
  return letter_first || word.find_first_of("-_") != std::string_view::npos;
}

bool is_json(TranscriptFormat format) {
  return format == TranscriptFormat::kNemo || format == TranscriptFormat::kRun;
}

TranscriptFormat find_format(const Lines& file, Guess guess) {
  if (const std::optional<JsonLines> kind = json_lines_kind(file.lines))
    return *kind == JsonLines::kRun ? TranscriptFormat::kRun : TranscriptFormat::kNemo;
  const std::string foreign = foreign_kind(file.lines, trimmed(without_mark(file.bytes)));
  EDGEVAL_EXPECTS(foreign.empty(), file.path, ": ", foreign,
                  "; if it is transcripts, say --input-format kaldi|trn|lines");
  if (guess == Guess::kSentences) return TranscriptFormat::kLines;
  const auto most = [&](auto holds) {
    return 2 * std::ranges::count_if(file.lines, holds) > std::ssize(file.lines);
  };
  const auto has_trn_id = [](std::string_view line) { return !trn_id(line).empty(); };
  const auto fits_trn = [&](std::string_view line) {
    return is_trn_comment(line) || has_trn_id(line);
  };
  if (most(fits_trn) && std::ranges::any_of(file.lines, has_trn_id)) return TranscriptFormat::kTrn;
  return most(begins_with_id) ? TranscriptFormat::kKaldi : TranscriptFormat::kLines;
}

Utterance parse_trn(std::string_view line, const std::string& place) {
  const std::string_view id = trn_id(line);
  EDGEVAL_EXPECTS(!id.empty(), place, ": does not end with (ID), as trn wants it", kCure);
  const std::string_view text = trimmed(line.substr(0, line.rfind('(')));
  EDGEVAL_EXPECTS(text.find_first_of("{}") == std::string_view::npos, place,
                  ": alternatives in { } are not understood; write one of them");
  return {std::string(id), std::string(text)};
}

Utterance parse_kaldi(std::string_view line, const std::string& place) {
  const std::string_view id = first_word(line);
  EDGEVAL_EXPECTS(!id.empty(), place, ": is blank, an utterance id is wanted", kCure);
  return {std::string(id), std::string(trimmed(line.substr(id.size())))};
}

// Returns the "id" of a NeMo line, or makes one of the audio file and the offset, in which parts of
// one file differ.
std::string nemo_id(const Json& object, const Fields& fields) {
  if (fields.has("id") && !fields.is_null("id")) return fields.text("id");
  const std::string& audio = fields.text("audio_filepath");
  const bool is_part = fields.has("offset") && fields.number("offset", 0, 1e9) > 0;
  return is_part ? concat(audio, "@", object["offset"].dump()) : audio;
}

Utterance parse_json_line(std::string_view line, const std::string& place, TranscriptFormat format,
                          Role role) {
  const Json object = parse_json(line, place);
  const Fields fields(object, place);
  const bool reference = role == Role::kReference;
  EDGEVAL_EXPECTS(!reference || !fields.has("further_references"), place,
                  ": has several references, and the first alone would count; the scores against "
                  "all of them are in the run's report.json");
  if (format == TranscriptFormat::kRun)
    return {fields.text("id"), fields.text(reference ? "reference" : "hypothesis")};
  return {nemo_id(object, fields), fields.text(reference ? "text" : "pred_text")};
}

// Returns the utterances of a file whose lines have ids. Throws Error when a line breaks the
// format, when an id is doubled, and when there is no utterance.
std::vector<Utterance> parse(const Lines& file, TranscriptFormat format, Role role) {
  std::vector<Utterance> utterances;
  std::unordered_map<std::string, std::size_t> seen;  // line number of each id
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string_view line = file.lines[i];
    const std::string place = concat(file.path, ":", i + 1);
    if (format == TranscriptFormat::kTrn && is_trn_comment(line)) continue;
    if (is_json(format) && line.empty()) continue;
    Utterance utterance = is_json(format) ? parse_json_line(line, place, format, role)
                          : format == TranscriptFormat::kTrn ? parse_trn(line, place)
                                                             : parse_kaldi(line, place);
    utterance.line = i + 1;
    const auto [first, fresh] = seen.try_emplace(utterance.id, utterance.line);
    EDGEVAL_EXPECTS(fresh, place, ": utterance '", utterance.id, "' is already on line ",
                    first->second, kCure);
    utterances.push_back(std::move(utterance));
  }
  EDGEVAL_EXPECTS(!utterances.empty(), file.path, ": holds no utterance");
  return utterances;
}

// Whether the format kaldi was guessed from most lines, but not all first words look like ids. If
// they are words, every first word would be left out of the count.
bool only_some_ids(const Lines& file, TranscriptFormat format) {
  return format == TranscriptFormat::kKaldi &&
         std::ranges::any_of(file.lines, [](std::string_view line) {
           return !line.empty() && !begins_with_id(line);
         });
}

// Whether it is doubtful that lines begin with ids, or do not, as the guessed formats have it. A
// wrong guess would count ids as words that are right, or leave out words.
bool doubtful(const Lines& reference, const Lines& hypothesis, const TranscriptPair& guess) {
  if (guess.reference_format != TranscriptFormat::kLines)
    return only_some_ids(reference, guess.reference_format) ||
           only_some_ids(hypothesis, guess.hypothesis_format);
  if (reference.lines.size() == 1 && hypothesis.lines.size() == 1) {
    const std::string_view word = first_word(reference.lines[0]);
    return word == first_word(hypothesis.lines[0]) && std::ranges::any_of(word, is_digit);
  }
  std::unordered_set<std::string_view> first_words;
  for (const std::string_view line : reference.lines) first_words.insert(first_word(line));
  if (reference.lines.size() < 2 || first_words.size() < reference.lines.size()) return false;
  std::unordered_set<std::string_view> hypothesis_words;
  std::ptrdiff_t shared = 0;
  for (const std::string_view line : hypothesis.lines) {
    if (!hypothesis_words.insert(first_word(line)).second) return false;
    shared += first_words.contains(first_word(line));
  }
  return 2 * shared > std::ssize(hypothesis.lines);
}

void pair_lines(const Lines& reference, const Lines& hypothesis, TranscriptPair& pair) {
  EDGEVAL_EXPECTS(reference.lines.size() == hypothesis.lines.size(), reference.path, " has ",
                  reference.lines.size(), " lines, ", hypothesis.path, " has ",
                  hypothesis.lines.size(),
                  "; files of plain lines must have the same number of lines", kCure);
  for (std::size_t i = 0; i < reference.lines.size(); ++i) {
    pair.ids.push_back(concat(i + 1));
    pair.references.emplace_back(reference.whole[i]);
    pair.hypotheses.emplace_back(hypothesis.whole[i]);
  }
}

void pair_ids(const Lines& reference, const Lines& hypothesis, TranscriptPair& pair) {
  const std::vector<Utterance> references =
      parse(reference, pair.reference_format, Role::kReference);
  const std::vector<Utterance> hypotheses =
      parse(hypothesis, pair.hypothesis_format, Role::kHypothesis);
  std::unordered_set<std::string_view> known;
  for (const Utterance& utterance : references) known.insert(utterance.id);
  std::unordered_map<std::string_view, std::string_view> texts;
  for (const Utterance& utterance : hypotheses) {
    EDGEVAL_EXPECTS(known.contains(utterance.id), hypothesis.path, ":", utterance.line,
                    ": utterance '", utterance.id, "' is not in ", reference.path,
                    "; score against its own reference");
    texts.emplace(utterance.id, utterance.text);
  }
  for (const Utterance& utterance : references) {
    const auto found = texts.find(utterance.id);
    pair.ids.emplace_back(utterance.id);
    pair.references.emplace_back(utterance.text);
    pair.hypotheses.emplace_back(found == texts.end() ? std::string_view{} : found->second);
    if (found == texts.end()) pair.missing.emplace_back(utterance.id);
  }
}

}  // namespace

std::string name(TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::kKaldi:
      return "kaldi";
    case TranscriptFormat::kTrn:
      return "trn";
    case TranscriptFormat::kLines:
      return "lines";
    case TranscriptFormat::kNemo:
      return "nemo";
    case TranscriptFormat::kRun:
      return "run";
  }
  throw std::logic_error("unknown transcript format");
}

TranscriptPair read_transcripts(const std::filesystem::path& reference,
                                const std::filesystem::path& hypothesis,
                                std::optional<TranscriptFormat> format, Guess guess,
                                std::size_t budget) {
  Lines references{reference.string(), data::read_unpacked(reference, Pipes::kWelcome, budget)};
  Lines hypotheses{hypothesis.string(), data::read_unpacked(hypothesis, Pipes::kWelcome, budget)};
  for (Lines* file : {&references, &hypotheses}) {
    const std::string kind = data::binary_kind(file->bytes);
    EDGEVAL_EXPECTS(kind.empty(), file->path, ": is ", kind, "; transcripts are wanted");
    expect_utf8(file->bytes, file->path);
    split_lines(*file);
  }
  TranscriptPair pair;
  pair.reference_format = format ? *format : find_format(references, guess);
  pair.hypothesis_format = format ? *format : find_format(hypotheses, guess);
  const bool reference_plain = pair.reference_format == TranscriptFormat::kLines;
  const bool hypothesis_plain = pair.hypothesis_format == TranscriptFormat::kLines;
  EDGEVAL_EXPECTS(reference_plain == hypothesis_plain, references.path, " reads as ",
                  name(pair.reference_format), ", ", hypotheses.path, " as ",
                  name(pair.hypothesis_format), "; bring both into one format", kCure);
  EDGEVAL_EXPECTS(
      format || guess == Guess::kSentences || !doubtful(references, hypotheses, pair),
      references.path, " and ", hypotheses.path,
      ": the lines may or may not begin with utterance ids; say --input-format kaldi or lines");
  if (reference_plain)
    pair_lines(references, hypotheses, pair);
  else
    pair_ids(references, hypotheses, pair);
  return pair;
}

}  // namespace edgeval
