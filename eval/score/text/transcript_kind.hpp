// What else than transcripts a file of text may be, found by looking: words with their times,
// subtitles, tables, other tools' JSON. Scored as words they would give figures that mean nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// What the file is and what to do instead: "is CTM, words with their times; ..."; empty when it may
// be transcripts. lines: trimmed, all of the text.
std::string foreign_kind(const std::vector<std::string_view>& lines, std::string_view text);

// Which of its two texts an object of JSON lines gives.
enum class JsonLines { kNemo, kRun };

// NeMo's manifests and predictions, or the utterances.jsonl of a run, by the keys of the first
// line.
std::optional<JsonLines> json_lines_kind(const std::vector<std::string_view>& lines);

}  // namespace edgeval
