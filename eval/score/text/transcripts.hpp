// Files of transcripts, references or hypotheses, in five formats:
//
//   - kaldi: "ID words...", as in Kaldi's text
//   - trn: "words... (ID)", as sclite reads; blank lines and those that begin with ;; are no
//     utterances
//   - lines: "words...", known by their line number
//   - nemo: JSON lines with "text", of references, or "pred_text", of hypotheses, known by "id",
//   else
//     by "audio_filepath" and a part's "offset"
//   - run: the utterances.jsonl of `edgeval run`, for either
//
// Words that are absent make an empty transcript, which counts. UTF-8, with or without a byte order
// mark; packed with gzip or not.
//
// The format is found by the keys of the first line when it is a JSON object, else by what most
// lines look like: trn when they end with (ID); else kaldi when
// their first word looks like an utterance id: it holds a digit, and begins with a letter or holds
// a dash or an underscore; else lines. A line that then breaks the format is an error. Refused as
// doubtful are two files that would be read as lines when the first words of each are all different
// and most of them are in both, or when the only line of each begins with the same word with a
// digit in it, and one that would be read as kaldi when not all first words look like ids. What is
// no transcripts but another kind of file (transcript_kind.hpp) is refused by name.
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
  std::vector<std::string> ids;  // of plain lines: "1", "2", ...
  std::vector<std::string> references;
  std::vector<std::string> hypotheses;  // empty where there is none
  std::vector<std::string> missing;     // ids without a hypothesis
};

// What a file is taken for when no format is given.
enum class Guess {
  kAny,
  kSentences,  // lines, unless it is JSON: of a translation no line begins with an id
};

// Reads both files, in `format` or in the one found. Throws Error naming the file and the line of
// what is wrong: ids that are doubled or missing, hypotheses without a reference, plain files of
// different lengths, bytes that are not text. budget: of each file (data::read_unpacked).
TranscriptPair read_transcripts(const std::filesystem::path& reference,
                                const std::filesystem::path& hypothesis,
                                std::optional<TranscriptFormat> format = std::nullopt,
                                Guess guess = Guess::kAny, std::size_t budget = data::kTextBudget);

}  // namespace edgeval
