// Copies matrices to the device and back by one and by several threads, and takes the padding out
// of rows.
#include "cuda/device/bulk.hpp"

#include "cuda/device/device.hpp"
#include "cuda/kernel/unpack.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

Matrix<float> numbered(Index rows, Index cols) {
  Matrix<float> matrix(rows, cols);
  for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(i % 1000003);
  return matrix;
}

void expect_there_and_back(Index rows, Index cols, int threads) {
  const gpu::Stream stream;
  gpu::BulkCopies copies(threads);
  const Matrix<float> expected = numbered(rows, cols);
  Matrix<float> sent = expected.clone();
  gpu::DeviceMatrix<float> there;
  there.resize_discarding(rows, cols, stream);
  copies.upload(std::as_const(sent).view(), there.view(), stream);
  for (float& value : sent.values()) value = -1;
  gpu::DeviceBuffer<float> contiguous;
  contiguous.reserve_discarding(rows * cols, stream);
  gpu::launch_remove_padding(there.view(), contiguous.data(), stream);
  Matrix<float> back(rows, cols);
  copies.download(contiguous.data(), back.data(), rows * cols, stream);
  EXPECT_TRUE(std::ranges::equal(back.values(), expected.values()))
      << rows << " x " << cols << " by " << threads;
}

// The matrices are empty, or have less than a block, several blocks, and enough for several
// threads.
TEST(GpuBulk, BringsBackWhatItTook) {
  EDGEVAL_NEEDS_GPU();
  for (const int threads : {1, 3})
    for (const auto& [rows, cols] : std::vector<std::pair<Index, Index>>{
             {0, 4}, {1, 4}, {700, 400}, {33001, 120}, {33001, 118}})
      expect_there_and_back(rows, cols, threads);
}

TEST(GpuBulk, CopiesOnItsCallersDevice) {
  EDGEVAL_NEEDS_GPU();
  if (gpu::devices().size() < 2) GTEST_SKIP() << "there is one device";
  const gpu::CurrentDevice second(gpu::devices()[1].number);
  expect_there_and_back(33001, 118, 3);
}

TEST(GpuBulk, LeavesPaddingBehind) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  Random random(1);
  for (const Index rows : {1, 7, 8, 9, 100})
    for (const Index cols : kWidths) {
      const Matrix<float> expected = random_matrix(random, rows, cols);
      const gpu::DeviceMatrix<float> there = on_device(expected.view(), stream);
      // What lies behind the last row stays.
      std::vector<float> wanted(expected.values().begin(), expected.values().end());
      wanted.resize(wanted.size() + 5, -7);
      gpu::DeviceBuffer<float> contiguous =
          on_device(std::vector<float>(wanted.size(), -7), stream);
      gpu::launch_remove_padding(there.view(), contiguous.data(), stream);
      EXPECT_EQ(on_host(contiguous, static_cast<Index>(wanted.size()), stream), wanted)
          << rows << " x " << cols;
    }
}

}  // namespace
}  // namespace edgeval::test
