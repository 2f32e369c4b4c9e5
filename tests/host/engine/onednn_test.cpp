// oneDNN's failures as the rest of the program knows them.
#include "host/engine/product/onednn.hpp"

#include <gtest/gtest.h>

#include <new>

namespace edgeval::test {
namespace {

TEST(OneDnn, WeightsThatDoNotFitAreABadAllocation) {
  constexpr Index kHuge = Index{1}
                          << 23;  // squared, in floats: 2^48 bytes, more than addresses reach
  const auto f32 = dnnl::memory::data_type::f32;
  EXPECT_THROW(onednn::PackedProduct(16, kHuge, kHuge, nullptr, kHuge, {f32, f32, f32}),
               std::bad_alloc);
}

}  // namespace
}  // namespace edgeval::test
