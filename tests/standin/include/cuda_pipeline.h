// CUDA's asynchronous copies of a thread into shared memory, as far as edgeval uses them. A copy is
// made only when its thread waits for it; until then its target holds bytes 0xFF. So whoever reads
// without waiting, or begins a copy into memory that others still read, gets a wrong result.
#pragma once

#include <cuda_runtime.h>

// Begins a copy of `size` bytes, 4, 8 or 16, of which the last `zeros` are zeros and not read.
void __pipeline_memcpy_async(void* to, const void* from, std::size_t size, std::size_t zeros = 0);
// Ends a group of copies, which may be empty.
void __pipeline_commit();
// Waits for all groups but the last `but`.
void __pipeline_wait_prior(std::size_t but);
