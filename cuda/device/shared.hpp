// Shared memory and barriers of a thread block, each declared in one way, which the stand-in for
// CUDA (tests/standin) replaces by its own.
#pragma once

#ifndef EDGEVAL_SHARED
// Declares `name`, an array of `count` elements of T for the whole block, undefined at first.
// `count` is a constant.
#define EDGEVAL_SHARED(T, name, count) __shared__ T name[count]
// Declares `name`, a pointer to the dynamic shared memory that the launch gave, aligned for loads
// of 16 bytes.
#define EDGEVAL_DYNAMIC_SHARED(T, name)                         \
  extern __shared__ __align__(16) unsigned char name##_bytes[]; \
  T* const name = static_cast<T*>(static_cast<void*>(name##_bytes))
// Every thread of the block must come here; file and line name this place in the source.
#define EDGEVAL_BARRIER(file, line) __syncthreads()
#endif
