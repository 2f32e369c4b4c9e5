#include "eval/score/metrics/wer.hpp"

#include <algorithm>
#include <unordered_map>

#include "host/core/text.hpp"

namespace edgeval {
namespace {

struct Prices {
  std::uint32_t substitution;
  std::uint32_t gap;  // price of a deletion and of an insertion
};

constexpr Prices prices(EditCosts costs) {
  return costs == EditCosts::kSclite ? Prices{4, 3} : Prices{1, 1};
}

// The best way to the cell (i, j) of the table. Its price, the number of its substitutions and i -
// j determine the numbers of deletions and insertions.
struct Cell {
  std::uint32_t price;
  std::uint32_t substitutions;
};

// Fills the table row by row, keeping one row, and returns the last cell. Calls record(i, j, edit)
// with the last edit of the way to every cell but (0, 0). Edits are tried in the order that wer.hpp
// gives for ties.
template <EditCosts kCosts, class Record>
Cell fill_table(std::span<const Token> reference, std::span<const Token> hypothesis,
                Record record) {
  constexpr Prices kPrices = prices(kCosts);
  std::vector<Cell> row(hypothesis.size() + 1);
  for (std::size_t j = 1; j < row.size(); ++j) {
    row[j] = {row[j - 1].price + kPrices.gap, 0};
    record(0, j, Edit::kInsertion);
  }
  for (std::size_t i = 1; i <= reference.size(); ++i) {
    Cell diagonal = row[0];
    row[0].price += kPrices.gap;
    record(i, 0, Edit::kDeletion);
    for (std::size_t j = 1; j < row.size(); ++j) {
      Cell best = diagonal;
      Edit edit = Edit::kCorrect;
      if (reference[i - 1] != hypothesis[j - 1]) {
        best = {diagonal.price + kPrices.substitution, diagonal.substitutions + 1};
        edit = Edit::kSubstitution;
      }
      const auto consider = [&](Cell from, Edit gap) {
        if (from.price + kPrices.gap >= best.price) return;
        best = {from.price + kPrices.gap, from.substitutions};
        edit = gap;
      };
      if (kCosts == EditCosts::kSclite) consider(row[j - 1], Edit::kInsertion);
      consider(row[j], Edit::kDeletion);
      if (kCosts == EditCosts::kUnit) consider(row[j - 1], Edit::kInsertion);
      record(i, j, edit);
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row.back();
}

template <class Record>
Cell fill_table(std::span<const Token> reference, std::span<const Token> hypothesis,
                EditCosts costs, Record record) {
  return costs == EditCosts::kSclite ? fill_table<EditCosts::kSclite>(reference, hypothesis, record)
                                     : fill_table<EditCosts::kUnit>(reference, hypothesis, record);
}

// Returns the counts S, D and I of the way to the last cell, which follow from
// price = substitution S + gap (D + I) and D - I = reference - hypothesis.
EditCounts counts_of(Cell last, std::size_t reference, std::size_t hypothesis, EditCosts costs) {
  const Prices price = prices(costs);
  const std::uint64_t gaps = (last.price - price.substitution * last.substitutions) / price.gap;
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

// Numbers words by their first appearance. Both texts of a pair use one instance.
class Numbering {
 public:
  std::vector<Token> operator()(std::string_view text) {
    std::vector<Token> tokens;
    for (const std::string_view word : split_words(text))
      tokens.push_back(
          numbers_.try_emplace(word, static_cast<Token>(numbers_.size())).first->second);
    return tokens;
  }

 private:
  std::unordered_map<std::string_view, Token> numbers_;
};

// Returns one token for each code point, made of its one to four UTF-8 bytes.
std::vector<Token> characters(std::string_view text) {
  std::vector<Token> tokens;
  for (const char c : single_spaced(text)) {
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

EditCounts& EditCounts::operator+=(const EditCounts& other) {
  substitutions += other.substitutions;
  deletions += other.deletions;
  insertions += other.insertions;
  reference += other.reference;
  return *this;
}

std::string letters(const Alignment& alignment) {
  std::string text;
  for (const AlignedPair& pair : alignment.pairs)
    text += kEditLetters[static_cast<std::size_t>(pair.edit)];
  return text;
}

Alignment align(std::span<const Token> reference, std::span<const Token> hypothesis,
                EditCosts costs) {
  EditTable table(reference.size() + 1, hypothesis.size() + 1);
  const Cell last =
      fill_table(reference, hypothesis, costs,
                 [&](std::size_t i, std::size_t j, Edit edit) { table.set(i, j, edit); });
  Alignment alignment{counts_of(last, reference.size(), hypothesis.size(), costs), {}};
  std::size_t i = reference.size();
  std::size_t j = hypothesis.size();
  while (i > 0 || j > 0) {
    const Edit edit = table(i, j);
    const Index from_reference = edit == Edit::kInsertion ? -1 : static_cast<Index>(--i);
    const Index from_hypothesis = edit == Edit::kDeletion ? -1 : static_cast<Index>(--j);
    alignment.pairs.push_back({edit, from_reference, from_hypothesis});
  }
  std::reverse(alignment.pairs.begin(), alignment.pairs.end());
  return alignment;
}

EditCounts count_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                       EditCosts costs) {
  const Cell last = fill_table(reference, hypothesis, costs, [](std::size_t, std::size_t, Edit) {});
  return counts_of(last, reference.size(), hypothesis.size(), costs);
}

Alignment align_words(std::string_view reference, std::string_view hypothesis, EditCosts costs) {
  Numbering number;
  const std::vector<Token> expected = number(reference);
  return align(expected, number(hypothesis), costs);
}

EditCounts word_counts(std::string_view reference, std::string_view hypothesis, EditCosts costs) {
  Numbering number;
  const std::vector<Token> expected = number(reference);
  return count_edits(expected, number(hypothesis), costs);
}

EditCounts character_counts(std::string_view reference, std::string_view hypothesis,
                            EditCosts costs) {
  return count_edits(characters(reference), characters(hypothesis), costs);
}

}  // namespace edgeval
