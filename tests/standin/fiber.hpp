// Stacks and the switch between them, told to AddressSanitizer. A fiber is a function on a stack of
// its own that can give way in its midst.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace edgeval::standin {

// Stacks, each above a page that may not be touched. Frames are larger under AddressSanitizer.
class Stacks {
 public:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::size_t kBytes = 256 << 10;
#else
  static constexpr std::size_t kBytes = 64 << 10;
#endif
  ~Stacks();
  std::byte* take();  // the lowest byte

 private:
  std::vector<std::byte*> all_;
};

class Fiber {
 public:
  using Body = void (*)(void*);
  // From outside: runs the fiber until it gives way or ends.
  void resume();
  // From inside.
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
  void* fake_stack_ = nullptr;            // AddressSanitizer's, of the fiber
  const void* outside_bottom_ = nullptr;  // and of who resumed it
  std::size_t outside_bytes_ = 0;
};

// Fibers with their stacks, which those that have ended leave to the next ones.
class Fibers {
 public:
  Fiber* take(Fiber::Body body, void* argument);
  void give_back(Fiber* fiber) { free_.push_back(fiber); }
  // One that will never run again, wherever it stands.
  void abandon(Fiber* fiber) { free_.push_back(fiber); }

 private:
  Stacks stacks_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
};

}  // namespace edgeval::standin
