// Settings of the process for freed memory and for running out of memory.
#pragma once

namespace edgeval {

// Has freed memory, in blocks of up to 256 MB, stay with the process. Layers ask for tens of MB for
// outputs again and again; if these were new pages from the system each time, they would cost a
// skipping int8 layer as much as its products. Programs call this first; a library leaves its
// caller's memory alone.
void keep_freed_memory();

// Has the program end with one line and exit code 2 also where memory runs out within a function
// that may not throw, such as a destructor that allocates. It calls `clean_up` before. Only
// programs call this.
void end_orderly_without_memory(void (*clean_up)() noexcept);

}  // namespace edgeval
