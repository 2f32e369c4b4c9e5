#include "tests/standin/fiber.hpp"

#include <sys/mman.h>

#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace edgeval::standin {
namespace {

constexpr std::size_t kGuardPage = 4096;

// AddressSanitizer is told of a switch twice: before it on the old stack, and after it on the new.
#ifdef __SANITIZE_ADDRESS__
void before_switch(void** fake_stack, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
}
void after_switch(void* fake_stack, const void** bottom, std::size_t* bytes) {
  __sanitizer_finish_switch_fiber(fake_stack, bottom, bytes);
}
void clean(std::byte* stack, std::size_t bytes) { __asan_unpoison_memory_region(stack, bytes); }
#else
void before_switch(void**, const void*, std::size_t) {}
void after_switch(void*, const void**, std::size_t*) {}
void clean(std::byte*, std::size_t) {}
#endif

}  // namespace

Stacks::~Stacks() {
  for (std::byte* stack : all_) munmap(stack - kGuardPage, kBytes + kGuardPage);
}

std::byte* Stacks::take() {
  void* memory = mmap(nullptr, kBytes + kGuardPage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kGuardPage, PROT_NONE);
  all_.push_back(static_cast<std::byte*>(memory) + kGuardPage);
  return all_.back();
}

Fiber* Fibers::take(Fiber::Body body, void* argument) {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Fiber>());
    all_.back()->stack_ = stacks_.take();
    free_.push_back(all_.back().get());
  }
  Fiber* const fiber = free_.back();
  free_.pop_back();
  clean(fiber->stack_, Stacks::kBytes);  // removes AddressSanitizer's marks of earlier frames
  fiber->start(fiber->stack_, body, argument);
  return fiber;
}

void Fiber::start(std::byte* stack, Body body, void* argument) {
  stack_ = stack;
  body_ = body;
  argument_ = argument;
  ended_ = false;
  fake_stack_ = nullptr;
  here_ = boost::context::detail::make_fcontext(stack_ + Stacks::kBytes, Stacks::kBytes, &enter);
}

void Fiber::resume() {
  void* fake_stack = nullptr;
  before_switch(&fake_stack, stack_, Stacks::kBytes);
  here_ = boost::context::detail::jump_fcontext(here_, this).fctx;
  after_switch(fake_stack, nullptr, nullptr);
}

void Fiber::give_way() {
  before_switch(&fake_stack_, outside_bottom_, outside_bytes_);
  outside_ = boost::context::detail::jump_fcontext(outside_, nullptr).fctx;
  after_switch(fake_stack_, &outside_bottom_, &outside_bytes_);
}

void Fiber::enter(boost::context::detail::transfer_t from) {
  Fiber& fiber = *static_cast<Fiber*>(from.data);
  fiber.outside_ = from.fctx;
  after_switch(nullptr, &fiber.outside_bottom_, &fiber.outside_bytes_);
  fiber.body_(fiber.argument_);
  fiber.ended_ = true;
  before_switch(nullptr, fiber.outside_bottom_, fiber.outside_bytes_);  // nullptr: never to return
  boost::context::detail::jump_fcontext(fiber.outside_, nullptr);
}

}  // namespace edgeval::standin
