// EDGEVAL_HD marks a function that runs on the CPU and on the GPU. Such functions decide and count,
// so they give the same bits on both: they call nothing of libm but floor and sqrt, which are exact
// or correctly rounded everywhere, they have a fixed order of operations, and the compilers
// contract none (-ffp-contract=off, --fmad=false). EDGEVAL_HD_ALWAYS marks a function that is
// always inlined, since the loops around it vectorise only when they call nothing.
// EDGEVAL_LOOP_BODY does the same for a lambda that is the body of a loop.
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

// Tells g++ that the iterations of the next loop are independent, so that it uses vector
// instructions.
#if defined(__GNUC__) && !defined(__CUDACC__)
#define EDGEVAL_INDEPENDENT _Pragma("GCC ivdep")
#else
#define EDGEVAL_INDEPENDENT
#endif

// These stand before a loop in a kernel. It is unrolled in full, as all indices into registers must
// be known, or not at all. Only nvcc's pass for the device knows these pragmas.
#ifdef __CUDA_ARCH__
#define EDGEVAL_UNROLL _Pragma("unroll")
#define EDGEVAL_ROLLED _Pragma("unroll 1")
#else
#define EDGEVAL_UNROLL
#define EDGEVAL_ROLLED
#endif

}  // namespace edgeval
