#include "eval/score/metrics/unit_edits.hpp"

#include <algorithm>
#include <bit>

namespace edgeval {
namespace {

constexpr std::size_t kBlock = 64;  // tokens of a word of bits

// Says where each token stands in a block of a reference, one bit for each place. Tokens are looked
// up in an open table that is at most half full.
class Places {
 public:
  explicit Places(std::span<const Token> block)
      : shift_(std::countl_zero(static_cast<std::uint32_t>(2 * block.size() - 1))) {
    std::fill_n(slots_, std::size_t{1} << (32 - shift_), Slot{});
    for (std::size_t i = 0; i < block.size(); ++i) {
      Slot& slot = slots_[find(block[i])];
      slot = {block[i], slot.places | std::uint64_t{1} << i};
    }
  }
  std::uint64_t of(Token token) const { return slots_[find(token)].places; }

 private:
  struct Slot {
    Token token;
    std::uint64_t places;  // 0: the slot is free
  };
  // Returns the slot that has the token, or the free one where it belongs.
  std::size_t find(Token token) const {
    std::size_t at = token * std::uint32_t{0x9E3779B1} >> shift_;
    while (slots_[at].places != 0 && slots_[at].token != token)
      at = (at + 1) & ((std::size_t{1} << (32 - shift_)) - 1);
    return at;
  }

  int shift_;
  Slot slots_[2 * kBlock];
};

// D(i, j) - D(i, j-1) in the last row above a block.
struct Rise {
  bool up = true, down = false;  // whether it is 1, or -1
};

// The rises of all columns, in two bits each.
class StoredRises {
 public:
  explicit StoredRises(std::span<const Rise> rises) : bits_((rises.size() + 31) / 32) {
    for (std::size_t j = 0; j < rises.size(); ++j)
      bits_[j / 32] |= (std::uint64_t{rises[j].up} | std::uint64_t{rises[j].down} << 1)
                       << (j % 32 * 2);
  }
  void restore(std::span<Rise> rises) const {
    for (std::size_t j = 0; j < rises.size(); ++j) {
      const std::uint64_t both = bits_[j / 32] >> (j % 32 * 2);
      rises[j] = {(both & 1) != 0, (both & 2) != 0};
    }
  }

 private:
  std::vector<std::uint64_t> bits_;
};

// Returns the tokens of a block of the reference.
std::span<const Token> block_of(std::span<const Token> reference, std::size_t block) {
  const std::size_t first = block * kBlock;
  return reference.subspan(first, std::min(kBlock, reference.size() - first));
}

// Goes over the columns of a block. `rises` has those above it and, behind the call, those of its
// last row; it is empty where there is a single block. `out` is empty or takes the columns.
void run_block(std::span<const Token> block, std::span<const Token> hypothesis,
               std::span<Rise> rises, std::span<EditColumn> out) {
  const Places places(block);
  std::uint64_t positive = ~std::uint64_t{0}, negative = 0;  // where D(i, j) - D(i-1, j) is 1, -1
  for (std::size_t j = 0; j < hypothesis.size(); ++j) {
    const Rise above = rises.empty() ? Rise{} : rises[j];
    const std::uint64_t equal = places.of(hypothesis[j]);
    const std::uint64_t start = equal | static_cast<std::uint64_t>(above.down);
    const std::uint64_t same =
        (((start & positive) + positive) ^ positive) | start | negative;  // D0
    std::uint64_t up = negative | ~(same | positive), down = same & positive;
    if (!rises.empty()) rises[j] = {up >> (kBlock - 1) != 0, down >> (kBlock - 1) != 0};
    up = up << 1 | static_cast<std::uint64_t>(above.up);
    down = down << 1 | static_cast<std::uint64_t>(above.down);
    positive = down | ~(same | up);
    negative = same & up;
    const std::uint64_t gap = same & ~equal;
    if (!out.empty()) out[j] = {gap, gap & positive};
  }
}

std::size_t blocks_of(std::span<const Token> reference) {
  return (reference.size() + kBlock - 1) / kBlock;
}

// A cell of the table, and the edits of the way from it on.
struct WayBack {
  std::size_t i, j;
  EditCounts counts{};

  void go(Edit edit) {
    counts.count(edit);
    i -= edit == Edit::kInsertion ? 0 : 1;
    j -= edit == Edit::kDeletion ? 0 : 1;
  }
};

// Follows the way to the border of the table, with one block of the reference at a time.
void follow_by_blocks(std::span<const Token> reference, std::span<const Token> hypothesis,
                      WayBack& way) {
  std::vector<Rise> rises(hypothesis.size());
  std::vector<StoredRises> above;
  for (std::size_t block = 0; block < blocks_of(reference); ++block) {
    above.emplace_back(rises);
    run_block(block_of(reference, block), hypothesis, rises, {});
  }
  std::vector<EditColumn> columns(hypothesis.size());
  while (way.i > 0 && way.j > 0) {
    const std::size_t block = (way.i - 1) / kBlock, first = block * kBlock;
    const std::span<Rise> ahead = std::span(rises).first(way.j);
    above[block].restore(ahead);
    run_block(block_of(reference, block), hypothesis.first(way.j), ahead, columns);
    while (way.i > first && way.j > 0)
      way.go(columns[way.j - 1].edit(way.i - 1 - first,
                                     reference[way.i - 1] == hypothesis[way.j - 1]));
  }
}

}  // namespace

UnitEdits::UnitEdits(std::span<const Token> reference, std::span<const Token> hypothesis)
    : reference_(reference), hypothesis_(hypothesis) {
  const std::size_t blocks = blocks_of(reference), length = hypothesis.size();
  columns_.resize(blocks * length);
  std::vector<Rise> rises(blocks > 1 ? length : 0);
  for (std::size_t block = 0; block < blocks; ++block)
    run_block(block_of(reference, block), hypothesis, rises,
              std::span(columns_).subspan(block * length, length));
}

EditCounts count_unit_edits(std::span<const Token> reference, std::span<const Token> hypothesis,
                            std::size_t most_columns) {
  const std::size_t length = reference.size();
  strip_common(reference, hypothesis);
  WayBack way{reference.size(), hypothesis.size()};
  if (blocks_of(reference) * hypothesis.size() > most_columns) {
    follow_by_blocks(reference, hypothesis, way);
  } else if (way.i > 0 && way.j > 0) {
    const UnitEdits edits(reference, hypothesis);
    while (way.i > 0 && way.j > 0) way.go(edits(way.i, way.j));
  }
  EditCounts counts = way.counts;
  counts.deletions += way.i, counts.insertions += way.j;
  counts.reference = length;
  return counts;
}

}  // namespace edgeval
