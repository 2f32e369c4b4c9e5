// Compares the counts of an engine with those of the literal form; a failure names the count.
#pragma once

#include <gtest/gtest.h>

#include "host/core/activity.hpp"

namespace edgeval::test {

inline void expect_equal_counts(const LayerActivity& engine, const LayerActivity& literal) {
  EXPECT_EQ(engine.shape, literal.shape);
  for (std::size_t i = 0; i < kCounts; ++i)
    EXPECT_EQ(engine.counts[i], literal.counts[i])
        << kCountInfo[i].key << " of " << literal.shape.name << " " << literal.shape.direction;
}

inline void expect_equal_counts(const Activity& engine, const Activity& literal) {
  ASSERT_EQ(engine.layers.size(), literal.layers.size());
  for (std::size_t l = 0; l < literal.layers.size(); ++l)
    expect_equal_counts(engine.layers[l], literal.layers[l]);
}

}  // namespace edgeval::test
