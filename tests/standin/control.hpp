// Functions with which tests control the stand-in for CUDA and ask about it. They hold for all
// threads of the program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgeval::standin {

// Sets the seed for the order of blocks, threads and streams from now on. When the program starts,
// the seed is EDGEVAL_STANDIN_SEED of the environment, or 1.
void seed(std::uint64_t value);

// Return the bytes of memory, and the number of streams, events, graphs, blocks of memory and
// handles of libraries, that the program has not given back.
std::size_t live_bytes();
long live_objects();

// Whether nobody wrote to memory that was given back lately; what was launched must have run
// before. Under AddressSanitizer, which ends the program at such a write, this is always true.
bool freed_memory_is_untouched();

// Sets the bytes that each device, or one of them, holds in all. An allocation that would exceed
// them fails.
void set_memory(std::size_t bytes);
void set_memory(int device, std::size_t bytes);

// Return the numbers of allocations and of all calls since the program's start. An allocation is a
// call that allocates on a device, pins memory or instantiates a graph.
long allocations();
long calls();

// Returns how many bytes were copied from the host to devices since the program's start.
std::size_t bytes_to_device();

// Make the k-th allocation or call from now on fail, the next one if k is 1; none fails if k is 0.
void fail_allocation(long k);
void fail_call(long k);

// Lets calls work again after a kernel failed, from when on every call fails, as on a device. What
// streams had yet to run is dropped.
void recover();

// Returns why the last kernel or call failed, or an empty text if none did.
const char* last_fault();

}  // namespace edgeval::standin
