// A lack of memory in oneDNN reaches the rest of the program as std::bad_alloc.
#include "host/engine/product/onednn.hpp"

#include <gtest/gtest.h>

#include <new>

namespace edgeval::test {
namespace {

TEST(OneDnn, WeightsThatDoNotFitAreABadAllocation) {
  // kHuge x kHuge floats take 2^48 bytes, more than a process can address.
  constexpr Index kHuge = Index{1} << 23;
  const auto f32 = dnnl::memory::data_type::f32;
  EXPECT_THROW(onednn::PackedProduct(16, kHuge, kHuge, nullptr, kHuge, {f32, f32, f32}),
               std::bad_alloc);
}

}  // namespace
}  // namespace edgeval::test
