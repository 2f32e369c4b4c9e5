// The cheapest edits at unit costs, 64 cells of a column at a time: Myers 1999, "A fast bit-vector
// algorithm for approximate string matching based on dynamic programming", in blocks as Hyyrö 2003,
// "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", section 4, writes
// them. From
//
//   D0(i, j) = [D(i, j) = D(i-1, j-1)]    VP(i, j) = [D(i, j) = D(i-1, j) + 1]
//
// the last edit of the way that wer.hpp's rule for ties takes to the cell (i, j) follows: a match
// where both tokens are equal; else a substitution where D0 is false; else a deletion where VP is
// true; else an insertion.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/score/metrics/edits.hpp"
#include "eval/score/text/token.hpp"

namespace edgeval {

// Of 64 cells of a column, bit by bit: whether a token of the reference or of the hypothesis stands
// alone in the last edit of the way to the cell, where the tokens differ, and whether that is one
// of the reference.
struct EditColumn {
  std::uint64_t gap, deletion;

  Edit edit(std::size_t bit, bool equal) const {
    if (equal) return Edit::kCorrect;
    if ((gap >> bit & 1) == 0) return Edit::kSubstitution;
    return (deletion >> bit & 1) != 0 ? Edit::kDeletion : Edit::kInsertion;
  }
};

// Holds the last edit of the way to every cell, in two bits for each pair of a reference and a
// hypothesis token. The tokens must live as long as it.
class UnitEdits {
 public:
  UnitEdits(std::span<const Token> reference, std::span<const Token> hypothesis);

  // Returns the last edit of the way to the cell of the first i tokens of the reference and the
  // first j of the hypothesis, which are not both 0.
  Edit operator()(std::size_t i, std::size_t j) const {
    if (i == 0) return Edit::kInsertion;
    if (j == 0) return Edit::kDeletion;
    return columns_[(i - 1) / 64 * hypothesis_.size() + j - 1].edit(
        (i - 1) % 64, reference_[i - 1] == hypothesis_[j - 1]);
  }

 private:
  std::span<const Token> reference_, hypothesis_;
  std::vector<EditColumn> columns_;  // [blocks of the reference, hypothesis]
};

// Returns the counts of that way. Where more than `most_columns` columns of 64 cells are needed,
// one block of the reference is held at a time, and every block is made twice; then a pair of
// tokens takes a 256th of a byte.
EditCounts count_unit_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                            std::size_t most_columns = 1 << 18);

// Takes away what both have in common at their beginnings and at their ends, which changes no
// counts at unit costs: from the end, matches go before all else; and where the way reaches the
// common beginning of one text, the cheapest rest has gaps of one kind alone, as without it.
template <class T>
void strip_common(std::span<const T>& reference, std::span<const T>& hypothesis) {
  const auto begin = static_cast<std::size_t>(std::ranges::mismatch(reference, hypothesis).in1 -
                                              reference.begin());
  reference = reference.subspan(begin), hypothesis = hypothesis.subspan(begin);
  while (!reference.empty() && !hypothesis.empty() && reference.back() == hypothesis.back()) {
    reference = reference.first(reference.size() - 1);
    hypothesis = hypothesis.first(hypothesis.size() - 1);
  }
}

}  // namespace edgeval
