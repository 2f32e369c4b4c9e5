// An upload copies what the host's memory held at the call, whatever happens to this memory before
// the stream gets to the copy.
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

constexpr Index kUploadBlock = gpu::Uploads::kBlockBytes;

TEST(GpuUpload, ReadsTheHostsMemoryBeforeItReturns) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  Random random(1);
  for (Index count : {Index{1}, Index{33}, kUploadBlock / 8, kUploadBlock / 4 - 1,
                      kUploadBlock / 4 + 1, 6 * kUploadBlock / 4 + 5}) {
    std::vector<std::int32_t> values;
    for (Index i = 0; i < count; ++i)
      values.push_back(static_cast<std::int32_t>(random.whole(-1000000, 1000000)));
    const std::vector<std::int32_t> expected = values;
    gpu::DeviceBuffer<std::int32_t> there;
    there.upload(values, stream);
    std::ranges::fill(values, 7);
    EXPECT_EQ(on_host(there, count, stream), expected) << count;
  }
}

// The uploads have more bytes than all blocks hold, so that each block serves several times.
TEST(GpuUpload, OfManySmallOnesKeepsThemApart) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  constexpr Index kEach = 9001, kCount = 6 * kUploadBlock / kEach;
  std::vector<gpu::DeviceBuffer<std::uint8_t>> there(kCount);
  std::vector<std::uint8_t> values(kEach);
  for (Index n = 0; n < kCount; ++n) {
    std::ranges::fill(values, static_cast<std::uint8_t>(n % 251));
    there[static_cast<std::size_t>(n)].upload(values, stream);
  }
  for (Index n = 0; n < kCount; ++n) {
    std::ranges::fill(values, static_cast<std::uint8_t>(n % 251));
    ASSERT_EQ(on_host(there[static_cast<std::size_t>(n)], kEach, stream), values) << n;
  }
}

// The rows are narrower and wider than a block, have padding or none, and belong to a wider matrix.
TEST(GpuUpload, CopiesTheRowsOfMatrices) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (const auto& [rows, cols] : std::vector<std::pair<Index, Index>>{{0, 3},
                                                                       {1, 1},
                                                                       {7, 33},
                                                                       {900, 401},
                                                                       {900, 400},
                                                                       {3, kUploadBlock / 4 + 9},
                                                                       {2, kUploadBlock / 8}}) {
    Random random(static_cast<std::uint64_t>(rows * 1000 + cols));
    Matrix<float> wide(rows, cols + 5);
    for (float& value : wide.values()) value = static_cast<float>(random.whole(0, 100000));
    Matrix<float> expected(rows, cols);
    for (Index r = 0; r < rows; ++r) std::copy_n(wide.row(r) + 2, cols, expected.row(r));
    gpu::DeviceMatrix<float> there;
    there.resize_discarding(rows, cols, stream);
    upload(MatrixView<const float>{wide.data() + 2, rows, cols, cols + 5}, there.view(), stream);
    for (float& value : wide.values()) value = -1;
    EXPECT_TRUE(std::ranges::equal(on_host(there, stream).values(), expected.values()))
        << rows << " x " << cols;
  }
}

}  // namespace
}  // namespace edgeval::test
