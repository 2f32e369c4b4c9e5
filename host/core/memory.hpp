// What the process does with memory it no longer needs.
#pragma once

namespace edgeval {

// Freed memory stays with the process, blocks of up to 256 MB of it. Layers ask for tens of MB of
// outputs again and again; as new pages from the system these cost a skipping int8 layer as much as
// its products. For programs to call first; a library leaves its caller's memory alone.
void keep_freed_memory();

// Where memory runs out within a function that may not throw, as some destructors of libraries
// allocate, the program ends with one line and exit code 2, as it does where it may throw. For
// programs.
void end_orderly_without_memory();

}  // namespace edgeval
