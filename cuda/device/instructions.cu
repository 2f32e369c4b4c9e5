// Checks the instructions of ptx.cuh: one warp runs the instruction and its plain body on the same
// fragments.
#include "cuda/device/instructions.hpp"

#include "cuda/device/launch.hpp"
#include "cuda/device/memory.hpp"
#include "cuda/device/ptx.cuh"
#include "cuda/device/ptx.hpp"
#include "cuda/device/shared.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kRows = 16, kColumns = 8, kInner = 32;
constexpr int kWarp = 32;

struct alignas(16) MatrixRow {
  unsigned words[4];
};

// Returns four bytes, `apart` elements from one to the next, as a word with the first one lowest.
__device__ unsigned four_bytes(const std::int8_t* first, int apart) {
  unsigned word = 0;
  for (int i = 0; i < 4; ++i)
    word |= static_cast<unsigned>(static_cast<std::uint8_t>(first[i * apart])) << (8 * i);
  return word;
}

__global__ void __launch_bounds__(kWarp) byte_product_kernel(ByteProductCheck check) {
  const int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
  ByteFragments from;
  for (int i = 0; i < 4; ++i)
    from.a[i] = four_bytes(check.a + (g + i % 2 * 8) * kInner + i / 2 * 16 + 4 * t, 1);
  for (int i = 0; i < 2; ++i)
    from.b[i] = four_bytes(check.b + (i * 16 + 4 * t) * kColumns + g, kColumns);
  int fast[4] = {}, plain[4] = {};
  multiply_bytes(from, fast);
  multiply_bytes_plain(from, plain);
  for (int i = 0; i < 4; ++i) {
    const Index at = (g + i / 2 * 8) * kColumns + 2 * t + i % 2;
    check.by_instruction[at] = fast[i];
    check.by_plain_body[at] = plain[i];
  }
}

__global__ void __launch_bounds__(kWarp) matrices_kernel(MatricesCheck check) {
  EDGEVAL_SHARED(MatrixRow, rows, kWarp);
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = 0; i < 4; ++i) rows[lane].words[i] = check.rows[4 * lane + i];
  __syncwarp();
  // Each lane gives the address of another row than its own.
  const auto* const row = reinterpret_cast<const unsigned char*>(rows + (lane * 5 + 3) % kWarp);
  unsigned fast[4], plain[4];
  load_matrices(row, fast);
  load_matrices_plain(row, plain);
  for (int i = 0; i < 4; ++i) {
    check.by_instruction[4 * lane + i] = fast[i];
    check.by_plain_body[4 * lane + i] = plain[i];
  }
}

__global__ void __launch_bounds__(kWarp) wide_sum_kernel(WideSumCheck check) {
  const unsigned i = threadIdx.x;
  check.sum[i] = multiply_add_wide(check.a[i], check.b[i], check.c[i]);
}

}  // namespace

void launch_wide_sum(const WideSumCheck& check, cudaStream_t stream) {
  launch(stream, wide_sum_kernel, {1}, kWarp, check);
}

void launch_matrices(const MatricesCheck& check, cudaStream_t stream) {
  launch(stream, matrices_kernel, {1}, kWarp, check);
}

void launch_byte_product(const ByteProductCheck& check, cudaStream_t stream) {
  launch(stream, byte_product_kernel, {1}, kWarp, check);
}

void expect_instructions(const Stream& stream) {
  std::vector<std::int8_t> a(kRows * kInner), b(kInner * kColumns);
  unsigned state = 1;
  const auto next = [&] {
    return static_cast<std::int8_t>((state = state * 1664525U + 1013904223U) >> 24);
  };
  for (std::int8_t& value : a) value = next();
  for (std::int8_t& value : b) value = next();
  DeviceBuffer<std::int8_t> a_there, b_there;
  DeviceBuffer<std::int32_t> fast_there, plain_there;
  a_there.upload(a, stream);
  b_there.upload(b, stream);
  fast_there.reserve_discarding(kRows * kColumns, stream);
  plain_there.reserve_discarding(kRows * kColumns, stream);
  launch_byte_product({a_there.data(), b_there.data(), fast_there.data(), plain_there.data()},
                      stream);
  std::vector<std::int32_t> fast(kRows * kColumns), plain(kRows * kColumns);
  const Settle settle;
  fast_there.download(fast.data(), kRows * kColumns, stream);
  plain_there.download(plain.data(), kRows * kColumns, stream);
  stream.synchronize();
  if (fast != plain)
    throw CudaError("mma.m16n8k32 of signed bytes does not give what its plain body gives");
  std::vector<unsigned> rows(kWarp * 4), fast_rows(rows.size()), plain_rows(rows.size());
  for (unsigned& word : rows) word = state = state * 1664525U + 1013904223U;
  DeviceBuffer<unsigned> rows_there, fast_rows_there, plain_rows_there;
  rows_there.upload(rows, stream);
  fast_rows_there.reserve_discarding(std::ssize(rows), stream);
  plain_rows_there.reserve_discarding(std::ssize(rows), stream);
  launch_matrices({rows_there.data(), fast_rows_there.data(), plain_rows_there.data()}, stream);
  fast_rows_there.download(fast_rows.data(), std::ssize(rows), stream);
  plain_rows_there.download(plain_rows.data(), std::ssize(rows), stream);
  stream.synchronize();
  if (fast_rows != plain_rows)
    throw CudaError("ldmatrix.x4 does not give what its plain body gives");
}

}  // namespace edgeval::gpu
