// Blocks hold every item once, in an order that the seed alone gives.
#include "eval/search/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace edgeval::test {
namespace {

std::vector<Index> order_of(Index items, Index size, std::uint64_t seed) {
  std::vector<Index> order;
  for (const std::vector<Index>& block : cut_into_blocks(items, size, seed))
    order.insert(order.end(), block.begin(), block.end());
  return order;
}

TEST(Blocks, HoldEveryItemOnceAndAreAllFullButTheLast) {
  for (const Index items : {1, 2, 7, 64, 65, 130})
    for (const Index size : {1, 2, 3, 64, 1000}) {
      const auto blocks = cut_into_blocks(items, size, 3);
      ASSERT_EQ(std::ssize(blocks), (items + size - 1) / size);
      for (std::size_t b = 0; b + 1 < blocks.size(); ++b) EXPECT_EQ(std::ssize(blocks[b]), size);
      EXPECT_EQ(std::ssize(blocks.back()), (items - 1) % size + 1);
      std::vector<Index> order = order_of(items, size, 3);
      std::ranges::sort(order);
      for (Index n = 0; n < items; ++n) EXPECT_EQ(order[static_cast<std::size_t>(n)], n);
    }
}

TEST(Blocks, TakeOneOrderWhateverTheirSizeIs) {
  for (const Index size : {1, 3, 10, 99}) EXPECT_EQ(order_of(50, size, 5), order_of(50, 50, 5));
}

// What a Fisher-Yates shuffle from the end gives with the published SplitMix64, written anew in
// Python. A sweep of another order would not go on with the journals of this one.
TEST(Blocks, AreThePermutationOfTheSeed) {
  EXPECT_EQ(order_of(10, 4, 0), (std::vector<Index>{1, 7, 6, 2, 0, 9, 8, 4, 5, 3}));
  EXPECT_EQ(cut_into_blocks(10, 4, 7),
            (std::vector<std::vector<Index>>{{2, 0, 5, 7}, {3, 9, 8, 1}, {4, 6}}));
}

TEST(Blocks, OfSeedsDifferAndAreFairSamples) {
  std::set<std::vector<Index>> orders;
  std::vector<int> first(20);  // how often each item is in the first quarter
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto blocks = cut_into_blocks(20, 5, seed);
    orders.insert(order_of(20, 5, seed));
    for (const Index item : blocks.front()) ++first[static_cast<std::size_t>(item)];
  }
  EXPECT_EQ(orders.size(), 400u);
  // 100 are expected, with a standard deviation of 8.7.
  for (const int count : first) EXPECT_NEAR(count, 100, 40);
}

}  // namespace
}  // namespace edgeval::test
