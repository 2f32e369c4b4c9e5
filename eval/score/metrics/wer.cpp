#include "eval/score/metrics/wer.hpp"

#include <algorithm>
#include <bit>

#include "eval/score/metrics/unit_edits.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// Prices of kSclite.
constexpr std::uint32_t kSubstitution = 4, kGap = 3;

// The best way to the cell (i, j) of the table. Its price, the number of its substitutions and i -
// j determine the numbers of deletions and insertions.
struct Cell {
  std::uint32_t price;
  std::uint32_t substitutions;
};

// Fills the table of kSclite row by row, keeping one row, and returns the last cell. Calls
// record(i, j, edit) with the last edit of the way to every cell but (0, 0). Edits are tried in the
// order that wer.hpp gives for ties.
template <class Record>
Cell fill_table(std::span<const Token> reference, std::span<const Token> hypothesis,
                Record record) {
  std::vector<Cell> row(hypothesis.size() + 1);
  for (std::size_t j = 1; j < row.size(); ++j) {
    row[j] = {row[j - 1].price + kGap, 0};
    record(0, j, Edit::kInsertion);
  }
  for (std::size_t i = 1; i <= reference.size(); ++i) {
    Cell diagonal = row[0];
    row[0].price += kGap;
    record(i, 0, Edit::kDeletion);
    for (std::size_t j = 1; j < row.size(); ++j) {
      Cell best = diagonal;
      Edit edit = Edit::kCorrect;
      if (reference[i - 1] != hypothesis[j - 1]) {
        best = {diagonal.price + kSubstitution, diagonal.substitutions + 1};
        edit = Edit::kSubstitution;
      }
      const auto consider = [&](Cell from, Edit gap) {
        if (from.price + kGap >= best.price) return;
        best = {from.price + kGap, from.substitutions};
        edit = gap;
      };
      consider(row[j - 1], Edit::kInsertion);
      consider(row[j], Edit::kDeletion);
      record(i, j, edit);
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row.back();
}

// Returns the counts S, D and I of the way to the last cell, which follow from
// price = 4 S + 3 (D + I) and D - I = reference - hypothesis.
EditCounts counts_of(Cell last, std::size_t reference, std::size_t hypothesis) {
  const std::uint64_t gaps = (last.price - kSubstitution * last.substitutions) / kGap;
  const std::uint64_t deletions = (gaps + reference - hypothesis) / 2;
  return {last.substitutions, deletions, gaps - deletions, reference};
}

// Holds the last edit of the way to every cell of the table [rows, cols], four edits to a byte:
// 10,000 words against 10,000 take 25 MB.
class EditTable {
 public:
  EditTable(std::size_t rows, std::size_t cols) : cols_(cols), bytes_((rows * cols + 3) / 4) {}

  void set(std::size_t i, std::size_t j, Edit edit) {
    const std::size_t cell = i * cols_ + j;
    bytes_[cell / 4] |= static_cast<std::uint8_t>(static_cast<unsigned>(edit) << (cell % 4 * 2));
  }
  Edit operator()(std::size_t i, std::size_t j) const {
    const std::size_t cell = i * cols_ + j;
    return static_cast<Edit>(bytes_[cell / 4] >> (cell % 4 * 2) & 3);
  }

 private:
  std::size_t cols_;
  std::vector<std::uint8_t> bytes_;
};

// Returns the way to the cell (i, j), of whose last edits `table` tells.
template <class Table>
Alignment way_back(const Table& table, std::size_t i, std::size_t j) {
  Alignment alignment;
  while (i > 0 || j > 0) {
    const Edit edit = table(i, j);
    alignment.counts.count(edit);
    const Index from_reference = edit == Edit::kInsertion ? -1 : static_cast<Index>(--i);
    const Index from_hypothesis = edit == Edit::kDeletion ? -1 : static_cast<Index>(--j);
    alignment.pairs.push_back({edit, from_reference, from_hypothesis});
  }
  std::reverse(alignment.pairs.begin(), alignment.pairs.end());
  return alignment;
}

using Words = std::span<const std::string_view>;

// Numbers words by their first appearance. Both texts of a pair use one instance. Words are looked
// up in an open table that is at most half full.
class Numbering {
 public:
  // `most` is the greatest number of words that differ.
  explicit Numbering(std::size_t most) : slots_(std::bit_ceil(2 * most + 1)) {}

  std::vector<Token> operator()(Words words) {
    std::vector<Token> tokens;
    tokens.reserve(words.size());
    for (const std::string_view word : words) tokens.push_back(number(word));
    return tokens;
  }

 private:
  struct Slot {
    std::string_view word;
    Token number;
  };
  Token number(std::string_view word) {
    std::size_t at = std::hash<std::string_view>{}(word);
    for (;; ++at) {
      Slot& slot = slots_[at &= slots_.size() - 1];
      if (slot.word.empty()) slot = {word, numbers_++};
      if (slot.word == word) return slot.number;
    }
  }

  std::vector<Slot> slots_;  // those without a word are free
  Token numbers_ = 0;
};

// Returns one token for each code point, made of its one to four UTF-8 bytes.
std::vector<Token> characters(std::string_view text) {
  const std::string spaced = single_spaced(text);
  std::vector<Token> tokens;
  tokens.reserve(spaced.size());
  for (const char c : spaced) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0) == 0x80 && !tokens.empty();
    if (continues)
      tokens.back() = tokens.back() << 8 | byte;
    else
      tokens.push_back(byte);
  }
  return tokens;
}

}  // namespace

std::string letters(const Alignment& alignment) {
  std::string text;
  for (const AlignedPair& pair : alignment.pairs)
    text += kEditLetters[static_cast<std::size_t>(pair.edit)];
  return text;
}

Alignment align(std::span<const Token> reference, std::span<const Token> hypothesis,
                EditCosts costs) {
  if (costs == EditCosts::kUnit)
    return way_back(UnitEdits(reference, hypothesis), reference.size(), hypothesis.size());
  EditTable table(reference.size() + 1, hypothesis.size() + 1);
  fill_table(reference, hypothesis,
             [&](std::size_t i, std::size_t j, Edit edit) { table.set(i, j, edit); });
  return way_back(table, reference.size(), hypothesis.size());
}

EditCounts count_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                       EditCosts costs) {
  if (costs == EditCosts::kUnit) return count_unit_edits(reference, hypothesis);
  const Cell last = fill_table(reference, hypothesis, [](std::size_t, std::size_t, Edit) {});
  return counts_of(last, reference.size(), hypothesis.size());
}

Alignment align_words(std::string_view reference, std::string_view hypothesis, EditCosts costs) {
  const auto expected = split_words(reference), heard = split_words(hypothesis);
  Numbering number(expected.size() + heard.size());
  const std::vector<Token> of_reference = number(expected);
  return align(of_reference, number(heard), costs);
}

EditCounts word_counts(std::string_view reference, std::string_view hypothesis, EditCosts costs) {
  const auto expected = split_words(reference), heard = split_words(hypothesis);
  Words of_reference(expected), of_hypothesis(heard);
  if (costs == EditCosts::kUnit) strip_common(of_reference, of_hypothesis);
  Numbering number(of_reference.size() + of_hypothesis.size());
  const std::vector<Token> tokens = number(of_reference);
  EditCounts counts = count_edits(tokens, number(of_hypothesis), costs);
  counts.reference = expected.size();
  return counts;
}

EditCounts character_counts(std::string_view reference, std::string_view hypothesis,
                            EditCosts costs) {
  return count_edits(characters(reference), characters(hypothesis), costs);
}

}  // namespace edgeval
