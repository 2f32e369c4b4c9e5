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

}  // namespace

UnitEdits::UnitEdits(std::span<const Token> reference, std::span<const Token> hypothesis)
    : reference_(reference), hypothesis_(hypothesis) {
  const std::size_t blocks = (reference.size() + kBlock - 1) / kBlock;
  columns_.resize(blocks * hypothesis.size());
  std::vector<Rise> rises(blocks > 1 ? hypothesis.size() : 0);
  Column* out = columns_.data();
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t first = block * kBlock;
    const Places places(reference.subspan(first, std::min(kBlock, reference.size() - first)));
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
      *out++ = {gap, gap & positive};
    }
  }
}

EditCounts count_unit_edits(std::span<const Token> reference, std::span<const Token> hypothesis) {
  EditCounts counts;
  const std::size_t length = reference.size();
  strip_common(reference, hypothesis);
  std::size_t i = reference.size(), j = hypothesis.size();
  if (i > 0 && j > 0) {
    const UnitEdits edits(reference, hypothesis);
    while (i > 0 && j > 0) {
      const Edit edit = edits(i, j);
      counts.count(edit);
      i -= edit == Edit::kInsertion ? 0 : 1;
      j -= edit == Edit::kDeletion ? 0 : 1;
    }
  }
  counts.deletions += i, counts.insertions += j;
  counts.reference = length;
  return counts;
}

}  // namespace edgeval
