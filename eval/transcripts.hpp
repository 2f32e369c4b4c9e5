// Files of transcripts, references or hypotheses, in three formats:
//
//   - kaldi: "ID words...", as in Kaldi's text
//   - trn: "words... (ID)", as sclite reads; blank lines and those that begin with ;; are no
//     utterances
//   - lines: "words...", known by their line number
//
// Words that are absent make an empty transcript, which counts. UTF-8, with or without a byte order
// mark; packed with gzip or not.
//
// The format is found by what most lines look like: trn when they end with (ID); else kaldi when
// their first word looks like an utterance id: it holds a digit, and begins with a letter or holds
// a dash or an underscore; else lines. A line that then breaks the format is an error. Refused as
// doubtful are two files that would be read as lines when the first words of each are all different
// and most of them are in both, and one that would be read as kaldi when not all first words look
// like ids.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

enum class TranscriptFormat { kKaldi, kTrn, kLines };

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

// Reads both files, in `format` or in the one found. Throws Error naming the file and the line of
// what is wrong: ids that are doubled or missing, hypotheses without a reference, plain files of
// different lengths, bytes that are not text.
TranscriptPair read_transcripts(const std::filesystem::path& reference,
                                const std::filesystem::path& hypothesis,
                                std::optional<TranscriptFormat> format = std::nullopt);

}  // namespace edgeval
