// EDGEVAL_HD marks a function that runs on the CPU and on the GPU. Such functions decide and count,
// so they give the same bits on both: no libm beyond floor and sqrt, which are exact or rounded
// once everywhere, no contraction (-ffp-contract=off, --fmad=false), a fixed order of operations.
// EDGEVAL_HD_ALWAYS marks one that stands in loops which vectorise only when they call nothing,
// EDGEVAL_LOOP_BODY the lambda that is such a loop's body.
#pragma once

#ifdef __CUDACC__
#define EDGEVAL_HD __host__ __device__ inline
#define EDGEVAL_HD_ALWAYS __host__ __device__ __forceinline__
#define EDGEVAL_LOOP_BODY
#else
#define EDGEVAL_HD inline
#define EDGEVAL_HD_ALWAYS inline __attribute__((always_inline))
#define EDGEVAL_LOOP_BODY __attribute__((always_inline))
#endif

namespace edgeval {

// For loops whose iterations are independent: says so to g++, which then uses vector instructions.
#if defined(__GNUC__) && !defined(__CUDACC__)
#define EDGEVAL_INDEPENDENT _Pragma("GCC ivdep")
#else
#define EDGEVAL_INDEPENDENT
#endif

// Before a loop in a kernel: unrolled in full, as all indices into registers must be known, or not
// at all. Only nvcc's pass for the device knows these words.
#ifdef __CUDA_ARCH__
#define EDGEVAL_UNROLL _Pragma("unroll")
#define EDGEVAL_ROLLED _Pragma("unroll 1")
#else
#define EDGEVAL_UNROLL
#define EDGEVAL_ROLLED
#endif

}  // namespace edgeval
