// Counts word and character errors by the cheapest way to edit the reference into the hypothesis
// (Levenshtein 1966):
//
//   D(i, j) = min(D(i-1, j-1) + (equal ? 0 : substitution),
//                 D(i-1, j) + deletion, D(i, j-1) + insertion)
//
// Several ways can be the cheapest. Which one is taken is fixed, so that the numbers of
// substitutions, deletions and insertions are fixed, too. From the end of the texts to their
// beginning:
//   kUnit    All edits have the price 1, which gives as many errors as Kaldi and jiwer count. A
//            match or substitution goes before a deletion, and that before an insertion.
//   kSclite  A substitution has the price 4, a deletion and an insertion 3. A match or substitution
//            goes before an insertion, and that before a deletion. This gives the alignments of
//            NIST's sclite, which ignores case unless called with -s; here case always matters.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/score/metrics/edits.hpp"
#include "eval/score/text/token.hpp"
#include "host/core/matrix.hpp"

namespace edgeval {

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

// Returns one letter for each pair, as sclite writes them: "CCSDI".
std::string letters(const Alignment& alignment);

// Aligns the tokens. It takes two bits of memory for each pair of a reference and a hypothesis
// token.
Alignment align(std::span<const Token> reference, std::span<const Token> hypothesis,
                EditCosts costs);

// Returns the counts of align(). At unit costs a pair of tokens takes at most a 256th of a byte
// beyond 4 MiB; at those of sclite memory grows with the length of the hypothesis only.
EditCounts count_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                       EditCosts costs);

Alignment align_words(std::string_view reference, std::string_view hypothesis,
                      EditCosts costs = EditCosts::kUnit);
EditCounts word_counts(std::string_view reference, std::string_view hypothesis,
                       EditCosts costs = EditCosts::kUnit);

// Counts errors over the Unicode code points of UTF-8 texts. A run of white space between words
// counts as one space.
EditCounts character_counts(std::string_view reference, std::string_view hypothesis,
                            EditCosts costs = EditCosts::kUnit);

}  // namespace edgeval
