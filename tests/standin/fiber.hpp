// Fibers: functions on stacks of their own that can give way before they return. AddressSanitizer
// is told of every switch between stacks.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace edgeval::standin {

// Allocates stacks, each above a page that may not be touched. Stacks are larger under
// AddressSanitizer, since its frames are.
class Stacks {
 public:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::size_t kBytes = 256 << 10;
#else
  static constexpr std::size_t kBytes = 64 << 10;
#endif
  ~Stacks();
  std::byte* take();  // returns the lowest byte of a stack

 private:
  std::vector<std::byte*> all_;
};

class Fiber {
 public:
  using Body = void (*)(void*);
  // Runs the fiber until it gives way or ends. It is called from outside the fiber.
  void resume();
  // Returns to the caller of resume(). It is called from inside the fiber.
  void give_way();
  bool ended() const { return ended_; }

 private:
  friend class Fibers;
  void start(std::byte* stack, Body body, void* argument);
  static void enter(boost::context::detail::transfer_t from);

  boost::context::detail::fcontext_t here_ = nullptr, outside_ = nullptr;
  std::byte* stack_ = nullptr;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  bool ended_ = false;
  void* fake_stack_ = nullptr;            // AddressSanitizer's fake stack of the fiber
  const void* outside_bottom_ = nullptr;  // stack of the caller of resume(), and its size
  std::size_t outside_bytes_ = 0;
};

// Owns fibers with their stacks. A fiber that is given back is used again.
class Fibers {
 public:
  Fiber* take(Fiber::Body body, void* argument);
  void give_back(Fiber* fiber) { free_.push_back(fiber); }
  // Gives back a fiber that has not ended and will never go on.
  void abandon(Fiber* fiber) { free_.push_back(fiber); }

 private:
  Stacks stacks_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
};

}  // namespace edgeval::standin
