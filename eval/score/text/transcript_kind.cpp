#include "eval/score/text/transcript_kind.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using TextLines = std::vector<std::string_view>;

constexpr const char* kOneLineEach =
    "; put the words of each utterance on one line behind its id, or score it with sclite";
constexpr const char* kTextAlone = "; take the text out of it, a line for each utterance";

std::string_view first_line(const TextLines& lines) {
  const auto found = std::ranges::find_if(lines, [](auto line) { return !line.empty(); });
  return found == lines.end() ? std::string_view() : *found;
}

// A JSON value, or null and the reason why the text has none.
struct Parsed {
  Json value;
  std::string fault;
};

Parsed parsed(std::string_view text, const char* place) {
  try {
    return {parse_json(text, place), ""};
  } catch (const Error& error) {
    return {nullptr, error.what()};
  }
}

std::optional<double> seconds_of(std::string_view word) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  if (!whole || seconds < 0) return std::nullopt;
  return seconds;
}

// Whether both words are times in seconds. At least one must have a decimal point, since many
// transcripts hold whole numbers as words.
bool are_times(std::string_view a, std::string_view b) {
  const auto has_point = [](std::string_view word) {
    return word.find('.') != std::string_view::npos;
  };
  return seconds_of(a) && seconds_of(b) && (has_point(a) || has_point(b));
}

// Whether the line has the form FILE CHANNEL BEGIN DURATION WORD, perhaps followed by a confidence,
// a type and a speaker. The channel is one letter or digit, unlike the second word of most
// sentences.
bool is_ctm(std::string_view line) {
  constexpr std::size_t kFewest = 5, kMost = 8;
  const std::vector<std::string_view> words = split_words(line);
  return words.size() >= kFewest && words.size() <= kMost && words[1].size() == 1 &&
         are_times(words[2], words[3]);
}

// Whether the line has the form FILE CHANNEL SPEAKER BEGIN END WORDS...
bool is_stm(std::string_view line) {
  const std::vector<std::string_view> words = split_words(line);
  return words.size() >= 5 && are_times(words[3], words[4]) &&
         *seconds_of(words[3]) <= *seconds_of(words[4]);
}

// Whether holds(line) is true for more than half of the lines that are neither blank nor comments.
bool most(const TextLines& lines, bool (*holds)(std::string_view)) {
  std::ptrdiff_t all = 0, held = 0;
  for (const std::string_view line : lines) {
    if (line.empty() || line.starts_with(";;")) continue;
    ++all;
    held += holds(line);
  }
  return 2 * held > all;
}

// Whether one of the first lines has times as SubRip, WebVTT and Whisper write them:
// "00:01.500 --> 00:02.000".
bool has_subtitle_times(const TextLines& lines) {
  constexpr std::size_t kLooked = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), kLooked); ++i) {
    const std::size_t arrow = lines[i].find(" --> ");
    if (arrow != std::string_view::npos && arrow > 0 &&
        lines[i].substr(0, arrow).find(':') != std::string_view::npos)
      return true;
  }
  return false;
}

// Whether the line names columns, separated by commas or tabs, of which one is for texts and one
// for what the texts belong to.
bool is_table_head(std::string_view line) {
  static const std::set<std::string, std::less<>> texts{
      "text",           "sentence", "transcript", "transcription", "reference", "hypothesis",
      "prediction",     "ref",      "hyp",        "wrd",           "words",     "pred_text",
      "normalized_text"};
  static const std::set<std::string, std::less<>> others{
      "id",        "utt_id",       "utterance_id",   "path",  "file",     "file_name",
      "filename",  "audio",        "audio_filepath", "wav",   "wav_path", "wav_filename",
      "client_id", "wav_filesize", "speaker",        "start", "end",      "duration"};
  const char between = line.find('\t') != std::string_view::npos ? '\t' : ',';
  bool has_text = false, has_other = false;
  for (std::string_view rest = line; !rest.empty();) {
    const std::size_t length = std::min(rest.find(between), rest.size());
    std::string name(trimmed(rest.substr(0, length)));
    rest.remove_prefix(std::min(length + 1, rest.size()));
    std::erase(name, '"');
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    has_text = has_text || texts.contains(name);
    has_other = has_other || others.contains(name);
  }
  return has_text && has_other;
}

bool begins_with_any(std::string_view line, std::initializer_list<std::string_view> marks) {
  return std::ranges::any_of(marks, [&](auto mark) { return line.starts_with(mark); });
}

// Whether a first line can only be the start of JSON.
bool begins_json(std::string_view first) {
  return first == "{" || first == "[" || begins_with_any(first, {"{\"", "[{", "[[{"});
}

// Says which kind of JSON the text is, by its first line or as a whole. Returns an empty text when
// it is no JSON.
std::string json_kind(std::string_view first, std::string_view text) {
  if (!begins_with_any(first, {"{", "["})) return "";
  const Parsed line = parsed(first, "its first line");
  const auto [whole, fault] = line.value.is_null() ? parsed(text, "the text") : line;
  if (whole.is_null()) {
    const bool is_line = first.ends_with('}') || first.ends_with(']');
    return !begins_json(first) ? ""
                               : concat("begins as JSON does, but cannot be read as JSON: ",
                                        is_line ? line.fault : fault);
  }
  if (whole.contains("edgeval"))
    return concat(
        "is a JSON file of edgeval's without transcripts; those of a run are in its "
        "utterances.jsonl");
  if (whole.contains("segments")) return concat("is JSON as Whisper writes it", kTextAlone);
  if (whole.contains("utts")) return concat("is JSON as ESPnet writes it", kTextAlone);
  return "is JSON, but neither NeMo's lines (text, pred_text and audio_filepath or id) nor a "
         "run's utterances.jsonl";
}

}  // namespace

std::optional<JsonLines> json_lines_kind(const TextLines& lines) {
  const std::string_view first = first_line(lines);
  if (!first.starts_with('{')) return std::nullopt;
  const Json object = parsed(first, "").value;
  if (!object.is_object()) return std::nullopt;
  const auto has = [&](const char* key) { return object.contains(key); };
  if (has("id") && has("reference") && has("hypothesis")) return JsonLines::kRun;
  if ((has("audio_filepath") || has("id")) && (has("text") || has("pred_text")))
    return JsonLines::kNemo;
  return std::nullopt;
}

std::string foreign_kind(const TextLines& lines, std::string_view text) {
  const std::string_view first = first_line(lines);
  if (const std::string json = json_kind(first, text); !json.empty()) return json;
  if (most(lines, is_ctm)) return concat("is CTM, words with their times", kOneLineEach);
  if (most(lines, is_stm)) return concat("is STM, segments with their times", kOneLineEach);
  if (first.starts_with("WEBVTT") || has_subtitle_times(lines))
    return concat("holds subtitles with their times", kTextAlone);
  if (begins_with_any(first, {"<?xml", "<!DOCTYPE", "<refset", "<tstset", "<srcset", "<mteval",
                              "<SYSTEM", "File type = \"ooTextFile\""}))
    return concat("is marked up, as XML, SGML or TextGrid", kTextAlone);
  if (is_table_head(first)) return concat("is a table with named columns", kTextAlone);
  return "";
}

}  // namespace edgeval
