// Instructions that C++ has no name for. Each stands beside a plain body, written from the tables
// of fragments in NVIDIA's PTX ISA, that gives the same numbers: it is what the instruction is
// compared with on a device (expect_instructions, instructions.hpp) and on the stand-in for CUDA,
// which has a quick form of its own.
#pragma once

#include <cstdint>

namespace edgeval::gpu {

// D [16, 8] += A [16, 32] B [32, 8] of signed bytes, summed in 32 bits, by a whole warp
// (PTX ISA, "Matrix Fragments for mma.m16n8k32"). With g = lane / 4 and t = lane % 4 a lane holds
//   a[0], a[1]  rows g and g + 8 of A, columns 4 t ... 4 t + 3, a byte each, the lowest first
//   a[2], a[3]  the same rows, columns 16 + 4 t ...
//   b[0], b[1]  column g of B, rows 4 t ... 4 t + 3, and 16 + 4 t ...
//   d[0], d[1]  row g of D, columns 2 t and 2 t + 1
//   d[2], d[3]  row g + 8 of D, the same columns
struct ByteFragments {
  unsigned a[4];
  unsigned b[2];
};

// Returns the sum of four products of signed bytes.
__device__ inline int dot_of_bytes(unsigned a, unsigned b) {
  int sum = 0;
  for (int shift = 0; shift < 32; shift += 8)
    sum += static_cast<std::int8_t>(a >> shift & 255) * static_cast<std::int8_t>(b >> shift & 255);
  return sum;
}

__device__ inline void multiply_bytes_plain(const ByteFragments& from, int (&d)[4]) {
  constexpr unsigned kAll = 0xFFFFFFFFU;
  const int lane = static_cast<int>(threadIdx.x) % 32, g = lane / 4, t = lane % 4;
  for (int q = 0; q < 4; ++q) {  // the lanes that hold a row of A, or a column of B
    unsigned a[4], left[2], right[2];
    for (int i = 0; i < 4; ++i) a[i] = __shfl_sync(kAll, from.a[i], 4 * g + q);
    for (int i = 0; i < 2; ++i) {
      left[i] = __shfl_sync(kAll, from.b[i], 4 * (2 * t) + q);
      right[i] = __shfl_sync(kAll, from.b[i], 4 * (2 * t + 1) + q);
    }
    for (int half = 0; half < 2; ++half) {
      d[0] += dot_of_bytes(a[2 * half], left[half]);
      d[1] += dot_of_bytes(a[2 * half], right[half]);
      d[2] += dot_of_bytes(a[2 * half + 1], left[half]);
      d[3] += dot_of_bytes(a[2 * half + 1], right[half]);
    }
  }
}

__device__ inline void multiply_bytes(const ByteFragments& from, int (&d)[4]) {
#ifdef __CUDA_ARCH__
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(from.a[0]), "r"(from.a[1]), "r"(from.a[2]), "r"(from.a[3]), "r"(from.b[0]),
        "r"(from.b[1]));
#elif defined(EDGEVAL_STANDIN)
  standin::multiply_bytes(
      {{from.a[0], from.a[1], from.a[2], from.a[3]}, {from.b[0], from.b[1]}, d});
#else
  multiply_bytes_plain(from, d);
#endif
}

// Four matrices of 8 rows of 16 bytes in shared memory, loaded by a whole warp (PTX ISA,
// "ldmatrix"). Lane l gives the address of row l % 8 of matrix l / 8, a multiple of 16, and gets
// word l % 4 of row l / 4 of each matrix: what ByteFragments takes of A or of B.
__device__ inline void load_matrices_plain(const unsigned char* row, unsigned (&words)[4]) {
  constexpr unsigned kAll = 0xFFFFFFFFU;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int i = 0; i < 4; ++i) {
    const auto address = reinterpret_cast<unsigned long long>(row);
    const auto of_row = __shfl_sync(kAll, address, 8 * i + lane / 4);
    words[i] = reinterpret_cast<const unsigned*>(of_row)[lane % 4];
  }
}

__device__ inline void load_matrices(const unsigned char* row, unsigned (&words)[4]) {
#ifdef __CUDA_ARCH__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(row)))
               : "memory");
#elif defined(EDGEVAL_STANDIN)
  standin::load_matrices(row, words);
#else
  load_matrices_plain(row, words);
#endif
}

}  // namespace edgeval::gpu
