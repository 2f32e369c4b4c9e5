// What tests tell the stand-in for CUDA, and ask it. Everything holds for all threads of the
// program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgeval::standin {

// The order of blocks, threads and streams from now on. At the start it is 1, or
// EDGEVAL_STANDIN_SEED of the environment.
void seed(std::uint64_t value);

// Every stream, event, graph and block of memory that the program has not given back.
std::size_t live_bytes();
long live_objects();

// Whether nobody wrote to memory that was given back lately. (Under AddressSanitizer always: it
// ends the program.) Run what was launched first.
bool freed_memory_is_untouched();

// What a device holds in all, in bytes; an allocation that would exceed it fails.
void set_memory(std::size_t bytes);

// Since the program's start: what allocates on a device or pins memory (instantiating a graph is
// such a call, too), and calls of any kind.
long allocations();
long calls();

// The k-th of these from now on fails, 1 being the next; 0: none does.
void fail_allocation(long k);
void fail_call(long k);

// After a kernel failed every call fails, as on a device. From now on calls work again; what
// streams had yet to run is gone.
void recover();

// Why the last kernel or call failed; empty if none did.
const char* last_fault();

}  // namespace edgeval::standin
