// Recognises files of text that are no transcripts by their content: words with their times,
// subtitles, tables, other tools' JSON. Scored as words they would give meaningless figures.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// Says what the file is and what to do instead, as in "is CTM, words with their times; ...".
// Returns an empty text when the file may be transcripts. `lines` are all lines of `text`, trimmed.
std::string foreign_kind(const std::vector<std::string_view>& lines, std::string_view text);

// Kinds of files of JSON lines that hold transcripts: NeMo's manifests and predictions, and the
// utterances.jsonl of a run.
enum class JsonLines { kNemo, kRun };

// Recognises the kind by the keys of the first line that is not blank.
std::optional<JsonLines> json_lines_kind(const std::vector<std::string_view>& lines);

}  // namespace edgeval
