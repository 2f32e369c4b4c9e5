#include "tests/standin/pipeline.hpp"

#include <cuda_pipeline.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tests/standin/fault.hpp"

namespace edgeval::standin {
namespace {

struct Copy {
  void* to;
  const void* from;
  std::size_t size, zeros;
};
using Group = std::vector<Copy>;

struct Copies {
  std::deque<Group> groups;  // complete ones, the oldest first
  Group open;
};

std::array<Copies, 1024>& copies_of_threads() {
  static std::array<Copies, 1024> all;
  return all;
}
Copies& mine() { return copies_of_threads()[threadIdx.x]; }
bool any = false;  // whether a thread of this block has begun a copy

void make(const Copy& copy) {
  std::memcpy(copy.to, copy.from, copy.size - copy.zeros);
  std::memset(static_cast<char*>(copy.to) + (copy.size - copy.zeros), 0, copy.zeros);
}

bool is_aligned(const void* at, std::size_t size) {
  return reinterpret_cast<std::uintptr_t>(at) % size == 0;
}

}  // namespace

void forget_copies() {
  if (!std::exchange(any, false)) return;
  for (Copies& copies : copies_of_threads()) {
    copies.groups.clear();
    copies.open.clear();
  }
}

}  // namespace edgeval::standin

void __pipeline_memcpy_async(void* to, const void* from, std::size_t size, std::size_t zeros) {
  using namespace edgeval::standin;
  if ((size != 4 && size != 8 && size != 16) || zeros > size)
    throw KernelFault("an asynchronous copy of " + std::to_string(size) + " bytes with " +
                      std::to_string(zeros) + " zeros");
  if (!is_aligned(to, size) || !is_aligned(from, size))
    throw KernelFault("an asynchronous copy whose addresses are not aligned to its size");
  std::memset(to, 0xFF, size);
  any = true;
  mine().open.push_back({to, from, size, zeros});
}

void __pipeline_commit() {
  using namespace edgeval::standin;
  mine().groups.push_back(std::move(mine().open));
  mine().open.clear();
}

void __pipeline_wait_prior(std::size_t but) {
  using namespace edgeval::standin;
  Copies& copies = mine();
  while (copies.groups.size() > but) {
    for (const Copy& copy : copies.groups.front()) make(copy);
    copies.groups.pop_front();
  }
}
