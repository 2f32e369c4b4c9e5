// Shared memory and barriers of a thread block, each declared in one way, which the stand-in for
// CUDA (tests/standin) replaces by its own.
#pragma once

#ifndef EDGEVAL_SHARED
// name: an array of `count` elements of T, a constant, for the whole block; undefined at first.
#define EDGEVAL_SHARED(T, name, count) __shared__ T name[count]
// name: a pointer to the dynamic shared memory that the launch gave, aligned for 16-byte loads.
#define EDGEVAL_DYNAMIC_SHARED(T, name)                         \
  extern __shared__ __align__(16) unsigned char name##_bytes[]; \
  T* const name = static_cast<T*>(static_cast<void*>(name##_bytes))
// Every thread of the block must come here; file and line say where in the source that is.
#define EDGEVAL_BARRIER(file, line) __syncthreads()
#endif
