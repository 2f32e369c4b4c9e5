// Checks the instructions of ptx.cuh on a device.
#pragma once

#include <cstdint>

#include "cuda/device/stream.hpp"

namespace edgeval::gpu {

// One product of bytes as a warp makes it, from A [16, 32] and B [32, 8]: D [16, 8] by the
// instruction, and by its plain body. All matrices are row-major and in device memory.
struct ByteProductCheck {
  const std::int8_t* a;
  const std::int8_t* b;
  std::int32_t* by_instruction;
  std::int32_t* by_plain_body;
};
void launch_byte_product(const ByteProductCheck& check, cudaStream_t stream);

// Four matrices as a warp loads them from shared memory: rows [32, 4] in words, of which each lane
// gives the address of one, and what each lane gets, [32, 4]. All arrays are in device memory.
struct MatricesCheck {
  const unsigned* rows;
  unsigned* by_instruction;
  unsigned* by_plain_body;
};
void launch_matrices(const MatricesCheck& check, cudaStream_t stream);

// a b + c for each of 32 lanes, computed by the instruction. All arrays are in device memory.
struct WideSumCheck {
  const std::int32_t *a, *b;
  const std::int64_t* c;
  std::int64_t* sum;
};
void launch_wide_sum(const WideSumCheck& check, cudaStream_t stream);

// Compares the product of bytes and the loading of matrices with their plain bodies on the current
// device; throws CudaError where they differ. Code that uses the instruction calls this before the
// first use.
void expect_instructions(const Stream& stream);

}  // namespace edgeval::gpu
