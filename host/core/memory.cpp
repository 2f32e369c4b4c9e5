#include "host/core/memory.hpp"

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>

namespace edgeval {
namespace {

std::atomic<bool> ran_out{false};

[[noreturn]] void note_shortage() {
  ran_out = true;
  throw std::bad_alloc();
}

std::terminate_handler end_of_faults = nullptr;  // the handler that was set before
void (*clean_up_at_end)() noexcept = nullptr;

[[noreturn]] void end() {
  if (!ran_out) end_of_faults();
  clean_up_at_end();
  constexpr char kLine[] = "edgeval: out of memory\n";
  if (::write(STDERR_FILENO, kLine, sizeof kLine - 1) < 0) std::abort();
  std::_Exit(2);
}

}  // namespace

void keep_freed_memory() {
  constexpr int kBlock = 256 << 20;
  mallopt(M_MMAP_THRESHOLD, kBlock);
  mallopt(M_TRIM_THRESHOLD, 2 * kBlock - 1);
}

void end_orderly_without_memory(void (*clean_up)() noexcept) {
  clean_up_at_end = clean_up;
  std::set_new_handler(note_shortage);
  end_of_faults = std::set_terminate(end);
}

}  // namespace edgeval
