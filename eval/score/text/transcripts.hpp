// Reads files of transcripts, which are references or hypotheses, in five formats:
//
//   - kaldi has lines "ID words...", as Kaldi's text does.
//   - trn has lines "words... (ID)", as sclite reads them. Blank lines and lines that begin with ;;
//     are no utterances.
//   - lines has lines "words..."; an utterance is known by its line number.
//   - nemo has JSON lines with "text" for references or "pred_text" for hypotheses. An utterance is
//     known by "id", else by "audio_filepath" and, for a part of a file, "offset".
//   - run is the utterances.jsonl of `edgeval run`, for references and hypotheses.
//
// A line without words is an empty transcript, which counts. Files are UTF-8, with or without a
// byte order mark, and may be packed with gzip.
//
// The format is found by the keys of the first line if that is a JSON object, else by what most
// lines look like. It is trn if they end with (ID); else kaldi if their first word looks like an
// utterance id, which has a digit and begins with a letter or has a dash or an underscore; else
// lines. A line that then breaks the format is an error. The following are refused as doubtful:
//
//   - two files that would be read as lines, if the first words of each are all different and most
//     of them are in both, or if each has a single line and these begin with the same word, which
//     has a digit;
//   - a file that would be read as kaldi, if not all first words look like ids.
//
// A file that is no transcripts but of another known kind (transcript_kind.hpp) is refused by name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/text/unpacked.hpp"

namespace edgeval {

enum class TranscriptFormat { kKaldi, kTrn, kLines, kNemo, kRun };

inline constexpr TranscriptFormat kTranscriptFormats[] = {
    TranscriptFormat::kKaldi, TranscriptFormat::kTrn, TranscriptFormat::kLines,
    TranscriptFormat::kNemo, TranscriptFormat::kRun};

std::string name(TranscriptFormat format);

// References and hypotheses side by side, in the order of the references.
struct TranscriptPair {
  TranscriptFormat reference_format = TranscriptFormat::kLines;
  TranscriptFormat hypothesis_format = TranscriptFormat::kLines;
  std::vector<std::string> ids;  // ids of the utterances; "1", "2", ... for plain lines
  std::vector<std::string> references;
  std::vector<std::string> hypotheses;  // an empty text stands for a missing hypothesis
  std::vector<std::string> missing;     // ids of the utterances without a hypothesis
};

// Which formats are considered when none is given.
enum class Guess {
  kAny,        // all formats
  kSentences,  // lines and JSON only, since no line of a translation begins with an id
};

// Reads both files in `format`, or in the format found. Throws Error naming the file and the line
// when ids are doubled or missing, when a hypothesis has no reference, when plain files have
// different numbers of lines, and when the bytes are not text. Each file may unpack to `budget`
// bytes (data::read_unpacked).
TranscriptPair read_transcripts(const std::filesystem::path& reference,
                                const std::filesystem::path& hypothesis,
                                std::optional<TranscriptFormat> format = std::nullopt,
                                Guess guess = Guess::kAny, std::size_t budget = data::kTextBudget);

}  // namespace edgeval
