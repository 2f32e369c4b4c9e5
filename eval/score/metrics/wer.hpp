// Word and character errors: the cheapest way to edit the reference into the hypothesis
// (Levenshtein 1966).
//
//   D(i, j) = min(D(i-1, j-1) + (equal ? 0 : substitution), D(i-1, j) + deletion, D(i, j-1) +
//   insertion)
//
// Several ways can be the cheapest; the one taken is fixed, so that the split into S, D and I is
// too. Seen from the end:
//   kUnit    prices 1, 1, 1 (as many errors as Kaldi and jiwer count): match or substitution before
//   deletion before insertion. kSclite  substitution 4, deletion and insertion 3: match or
//   substitution before insertion before deletion. These are
//            the alignments of NIST's sclite; it ignores case unless called with -s, we never do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

enum class EditCosts { kUnit, kSclite };

struct EditCounts {
  std::uint64_t substitutions = 0;
  std::uint64_t deletions = 0;
  std::uint64_t insertions = 0;
  std::uint64_t reference = 0;  // words or characters of the reference

  std::uint64_t errors() const { return substitutions + deletions + insertions; }
  EditCounts& operator+=(const EditCounts& other);
  bool operator==(const EditCounts&) const = default;
};

enum class Edit : std::uint8_t { kCorrect, kSubstitution, kDeletion, kInsertion };
inline constexpr std::string_view kEditLetters = "CSDI";

struct AlignedPair {
  Edit edit;
  Index reference;   // position in the reference; -1 for an insertion
  Index hypothesis;  // position in the hypothesis; -1 for a deletion
  bool operator==(const AlignedPair&) const = default;
};

struct Alignment {
  EditCounts counts;
  std::vector<AlignedPair> pairs;  // in reading order
};

// "CCSDI": one letter per pair, as sclite writes them.
std::string letters(const Alignment& alignment);

// Tokens are numbers that are equal when the words are. Two bits per cell of the table of
// [reference, hypothesis].
using Token = std::uint32_t;
Alignment align(std::span<const Token> reference, std::span<const Token> hypothesis,
                EditCosts costs);

// The counts of align(), in memory that grows with the hypothesis alone.
EditCounts count_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                       EditCosts costs);

Alignment align_words(std::string_view reference, std::string_view hypothesis,
                      EditCosts costs = EditCosts::kUnit);
EditCounts word_counts(std::string_view reference, std::string_view hypothesis,
                       EditCosts costs = EditCosts::kUnit);

// Over Unicode code points of the single-spaced UTF-8 texts, the spaces between words included.
EditCounts character_counts(std::string_view reference, std::string_view hypothesis,
                            EditCosts costs = EditCosts::kUnit);

}  // namespace edgeval
