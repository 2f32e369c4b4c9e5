// Compares instructions with plain loops over whole matrices.
#include "cuda/device/instructions.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

TEST(GpuInstructions, ProductOfBytesIsThatOfALoop) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  Random random(3);
  for (int turn = 0; turn < 20; ++turn) {
    std::vector<std::int8_t> a(16 * 32), b(32 * 8);
    const auto any = [&] {
      return static_cast<std::int8_t>(turn == 0 ? -128 : random.whole(-128, 127));
    };
    for (std::int8_t& value : a) value = any();
    for (std::int8_t& value : b) value = any();
    const auto a_there = on_device(a, stream), b_there = on_device(b, stream);
    const auto fast = on_device(std::vector<std::int32_t>(16 * 8, -1), stream);
    const auto plain = on_device(std::vector<std::int32_t>(16 * 8, -1), stream);
    launch_byte_product({a_there.data(), b_there.data(), fast.data(), plain.data()}, stream);
    std::vector<std::int32_t> expected;
    for (std::size_t row = 0; row < 16; ++row)
      for (std::size_t column = 0; column < 8; ++column) {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < 32; ++i) sum += a[row * 32 + i] * b[i * 8 + column];
        expected.push_back(sum);
      }
    EXPECT_EQ(on_host(fast, 16 * 8, stream), expected);
    EXPECT_EQ(on_host(plain, 16 * 8, stream), expected);
  }
}

TEST(GpuInstructions, MatricesAreLoadedAsPtxSaysTheyAre) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  std::vector<unsigned> rows(32 * 4), expected;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<unsigned>(i);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned matrix = 0; matrix < 4; ++matrix) {
      const unsigned giver = 8 * matrix + lane / 4;  // of the row's address
      expected.push_back(4 * ((giver * 5 + 3) % 32) + lane % 4);
    }
  const auto there = on_device(rows, stream);
  const auto fast = on_device(std::vector<unsigned>(32 * 4), stream);
  const auto plain = on_device(std::vector<unsigned>(32 * 4), stream);
  launch_matrices({there.data(), fast.data(), plain.data()}, stream);
  EXPECT_EQ(on_host(fast, 32 * 4, stream), expected);
  EXPECT_EQ(on_host(plain, 32 * 4, stream), expected);
}

TEST(GpuInstructions, WideSumIsThatOf64Bits) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  Random random(4);
  std::vector<std::int32_t> a, b;
  std::vector<std::int64_t> c, expected;
  for (int i = 0; i < 32; ++i) {
    const auto any = [&] {
      constexpr std::int32_t kLeast = -2147483647 - 1;
      return i == 0 ? kLeast : static_cast<std::int32_t>(random.whole(kLeast, 2147483647));
    };
    a.push_back(any());
    b.push_back(any());
    c.push_back(std::int64_t{any()} * 65536);
    expected.push_back(std::int64_t{a.back()} * b.back() + c.back());
  }
  const auto a_there = on_device(a, stream), b_there = on_device(b, stream);
  const auto c_there = on_device(c, stream);
  const auto sum = on_device(std::vector<std::int64_t>(32), stream);
  launch_wide_sum({a_there.data(), b_there.data(), c_there.data(), sum.data()}, stream);
  EXPECT_EQ(on_host(sum, 32, stream), expected);
}

TEST(GpuInstructions, InstructionsAgreeWithTheirPlainBodies) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  EXPECT_NO_THROW(gpu::expect_instructions(stream));
}

}  // namespace
}  // namespace edgeval::test
