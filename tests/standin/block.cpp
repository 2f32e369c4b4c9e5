#include "tests/standin/block.hpp"

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/standin/fault.hpp"
#include "tests/standin/fiber.hpp"
#include "tests/standin/pipeline.hpp"
#include "tests/standin/shared_memory.hpp"
#include "tests/standin/sites.hpp"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace edgeval::standin {
namespace {

constexpr unsigned kWarp = 32, kMostThreads = 1024;

struct Site {
  const char* file = nullptr;
  int line = 0;
  bool operator==(const Site& other) const {
    return line == other.line &&
           (file == other.file || std::string_view(file) == std::string_view(other.file));
  }
  std::string name() const { return std::string(file) + ":" + std::to_string(line); }
};

struct WarpCall {
  WarpOperation operation;
  unsigned mask;
  int argument;  // argument of one lane; lanes may have different ones
  Site site;
  bool same_as(const WarpCall& other) const {
    return operation == other.operation && mask == other.mask && site == other.site;
  }
};

struct Thread {
  enum class State { kFresh, kReady, kAtBarrier, kInWarp, kEnded };
  State state = State::kFresh;
  Fiber* fiber = nullptr;  // fiber of the thread, once it has waited
  Site barrier;
  std::uint64_t value = 0;  // value given to a warp operation, then its result
  int argument = 0;         // argument given to the warp operation
};

// The warp operation at which lanes of a warp wait for each other.
struct Warp {
  WarpCall call{};
  unsigned arrived = 0;  // mask of the lanes that have come
};

std::uint64_t combined(WarpOperation operation, bool is_signed, std::uint64_t a, std::uint64_t b) {
  const auto less = [&] {
    return is_signed ? static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b) : a < b;
  };
  switch (operation) {
    case WarpOperation::kAdd:
      return a + b;
    case WarpOperation::kMost:
      return less() ? b : a;
    case WarpOperation::kLeast:
      return less() ? a : b;
    case WarpOperation::kAnd:
      return a & b;
    default:
      return a | b;
  }
}

// Returns the lane whose value a lane takes.
unsigned source_lane(WarpOperation operation, int given, unsigned lane) {
  const auto argument = static_cast<unsigned>(given);
  switch (operation) {
    case WarpOperation::kShuffle:
      return argument % kWarp;
    case WarpOperation::kShuffleDown:
      return lane + argument;
    case WarpOperation::kShuffleUp:
      return lane - argument;
    default:
      return lane ^ argument;
  }
}

std::int8_t byte_of(unsigned word, unsigned at) {
  return static_cast<std::int8_t>(word >> (8 * at) & 255);
}

// Adds the product of a warp's fragments to what its lanes hold of D [16, 8]. lanes: the address of
// each lane's ByteProduct.
void multiply_bytes_of(const std::uint64_t (&lanes)[kWarp]) {
  std::array<std::array<int, 32>, 16> a{};  // A [16, 32]
  std::array<std::array<int, 8>, 32> b{};   // B [32, 8]
  const auto lane = [&](unsigned l) {
    return reinterpret_cast<ByteProduct*>(static_cast<std::uintptr_t>(lanes[l]));
  };
  for (unsigned l = 0; l < kWarp; ++l) {
    const unsigned row = l / 4, first = l % 4 * 4;
    for (unsigned i = 0; i < 4; ++i) {
      for (unsigned word = 0; word < 4; ++word)
        a[row + word % 2 * 8][first + word / 2 * 16 + i] = byte_of(lane(l)->a[word], i);
      for (unsigned word = 0; word < 2; ++word)
        b[first + word * 16 + i][row] = byte_of(lane(l)->b[word], i);
    }
  }
  for (unsigned l = 0; l < kWarp; ++l)
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = l / 4 + i / 2 * 8, column = l % 4 * 2 + i % 2;
      int sum = 0;
      for (unsigned k = 0; k < 32; ++k) sum += a[row][k] * b[k][column];
      lane(l)->d[i] += sum;
    }
}

// Gives a warp's lanes their words of four matrices. lanes: the address of each lane's MatrixRow.
void load_matrices_of(const std::uint64_t (&lanes)[kWarp]) {
  const auto lane = [&](unsigned l) {
    return reinterpret_cast<const MatrixRow*>(static_cast<std::uintptr_t>(lanes[l]));
  };
  for (unsigned l = 0; l < kWarp; ++l)
    if (reinterpret_cast<std::uintptr_t>(lane(l)->row) % 16 != 0)
      throw KernelFault("a row of a matrix that is not aligned to 16 bytes");
  for (unsigned l = 0; l < kWarp; ++l)
    for (unsigned i = 0; i < 4; ++i)
      std::memcpy(lane(l)->words + i,
                  static_cast<const char*>(lane(8 * i + l / 4)->row) + 4 * (l % 4), 4);
}

// Runs one block after the other; the blocks share the memory of this object.
class Block {
 public:
  void run(const GridLaunch& grid, Order& order);
  void barrier(const char* file, int line);
  std::uint64_t warp_operation(const WarpCall& call, std::uint64_t value);
  SharedMemory& shared() { return shared_; }

 private:
  void make_ready(unsigned thread);
  unsigned take_ready();
  bool next_thread();
  void go_on();
  void wait();
  void pass_barrier();
  void complete(unsigned first, Warp& warp);
  std::string what_is_missing() const;
  static void run_threads(void* block);

  const GridLaunch* grid_ = nullptr;
  Order* order_ = nullptr;
  Fibers fibers_;
  SharedMemory shared_;
  std::array<Thread, kMostThreads> threads_;
  std::array<Warp, kMostThreads / kWarp> warps_;
  bool greedy_ = false;
  // In a greedy block: the ready threads of each warp, and how many they are.
  std::array<std::vector<unsigned>, kMostThreads / kWarp> ready_;
  unsigned ready_count_ = 0;
  // In any other block: the threads that are still to run in this round, the next one last, and
  // those of the round after it.
  std::vector<unsigned> round_, next_round_;
  unsigned current_ = 0, warp_ = 0;  // thread that runs, and warp that ran last
  Fiber* fiber_ = nullptr;           // fiber that runs
  unsigned at_barrier_ = 0, ended_ = 0;
  std::string fault_;
};

Block& block() {
  static Block only;
  return only;
}

void Block::make_ready(unsigned thread) {
  if (!greedy_) return next_round_.push_back(thread);
  ready_[thread / kWarp].push_back(thread);
  ++ready_count_;
}

// Takes a ready thread of the warp that ran last, or of another warp if that one has none.
unsigned Block::take_ready() {
  const unsigned warps = (grid_->threads + kWarp - 1) / kWarp;
  if (ready_[warp_].empty()) warp_ = static_cast<unsigned>(order_->below(warps));
  while (ready_[warp_].empty()) warp_ = (warp_ + 1) % warps;
  std::vector<unsigned>& ready = ready_[warp_];
  std::swap(ready[order_->below(ready.size())], ready.back());
  const unsigned thread = ready.back();
  ready.pop_back();
  --ready_count_;
  return thread;
}

// Chooses the thread that runs next, and returns whether there is one. A greedy block chooses by
// take_ready(). Any other block runs in rounds: all threads that can go on do so once, in shuffled
// order, before one goes on a second time.
bool Block::next_thread() {
  if (!fault_.empty()) return false;
  if (greedy_) {
    if (ready_count_ == 0) return false;
    current_ = take_ready();
  } else {
    if (round_.empty()) {
      round_.swap(next_round_);
      order_->shuffle(round_);
    }
    if (round_.empty()) return false;
    current_ = round_.back();
    round_.pop_back();
  }
  threadIdx = {current_, 0, 0};
  return true;
}

// Runs one fresh thread after the other on a fiber. The fiber belongs to the first thread that
// waits.
void Block::run_threads(void* argument) {
  Block& block = *static_cast<Block*>(argument);
  while (true) {
    const unsigned mine = block.current_;
    try {
      block.grid_->thread();
    } catch (const KernelFault& fault) {
      block.fault_ = fault.what();
    }
    Thread& thread = block.threads_[mine];
    thread.state = Thread::State::kEnded;
    ++block.ended_;
    if (thread.fiber != nullptr) return;  // the fiber is this thread's; go_on() runs the others
    if (!block.next_thread()) {
      block.current_ = kMostThreads;
      return;
    }
    if (block.threads_[block.current_].state != Thread::State::kFresh) return;
  }
}

// Lets the chosen thread run, and fresh threads after it on the same fiber.
void Block::go_on() {
  Thread& thread = threads_[current_];
  fiber_ = thread.fiber;
  const bool fresh = fiber_ == nullptr;
  if (fresh) fiber_ = fibers_.take(&run_threads, this);
  Fiber* const fiber = fiber_;
  const unsigned before = current_;
  fiber->resume();
  const bool chose_another = fresh && fiber->ended() && current_ != before;
  if (fiber->ended()) fibers_.give_back(fiber);
  if (!chose_another) current_ = kMostThreads;
}

void Block::run(const GridLaunch& grid, Order& order) {
  grid_ = &grid;
  order_ = &order;
  shared_.start(grid.dynamic_bytes, grid.most_shared);
  forget_copies();
  at_barrier_ = ended_ = ready_count_ = warp_ = 0;
  // Every other block lets a warp run as far as it can before the others.
  greedy_ = order.below(2) == 1;
  for (unsigned t = 0; t < grid.threads; ++t) {
    threads_[t].state = Thread::State::kFresh;
    threads_[t].fiber = nullptr;
    make_ready(t);
  }
  current_ = kMostThreads;
  while (ended_ < grid.threads && fault_.empty()) {
    if (current_ < kMostThreads || next_thread())
      go_on();
    else
      pass_barrier();
  }
  if (fault_.empty()) return;
  for (unsigned t = 0; t < grid.threads; ++t)
    if (threads_[t].state != Thread::State::kEnded && threads_[t].fiber != nullptr)
      fibers_.abandon(threads_[t].fiber);
  for (Warp& warp : warps_) warp.arrived = 0;
  for (std::vector<unsigned>& ready : ready_) ready.clear();
  round_.clear();
  next_round_.clear();
  throw KernelFault(std::exchange(fault_, ""));
}

void Block::wait() {
  threads_[current_].fiber = fiber_;
  fiber_->give_way();
}

void Block::barrier(const char* file, int line) {
  if (dropped(SiteKind::kBarrier, file, line)) return;
  Thread& now = threads_[current_];
  now.barrier = {file, line};
  now.state = Thread::State::kAtBarrier;
  ++at_barrier_;
  wait();
}

// Lets all threads pass the barrier. It is called when no thread can go on, so all threads must
// have come to one barrier; otherwise a fault is noted.
void Block::pass_barrier() {
  if (at_barrier_ != grid_->threads) {
    fault_ = what_is_missing();
    return;
  }
  const Site& first = threads_[0].barrier;
  for (unsigned t = 0; t < grid_->threads; ++t) {
    if (!(threads_[t].barrier == first)) {
      fault_ = "a barrier is met at two places: thread 0 waits at " + first.name() + ", thread " +
               std::to_string(t) + " at " + threads_[t].barrier.name();
      return;
    }
    threads_[t].state = Thread::State::kReady;
    make_ready(t);
  }
  at_barrier_ = 0;
}

std::uint64_t Block::warp_operation(const WarpCall& call, std::uint64_t value) {
  Thread& now = threads_[current_];
  Warp& warp = warps_[current_ / kWarp];
  const unsigned lane = current_ % kWarp, first = current_ - lane;
  if ((call.mask >> lane & 1) == 0)
    throw KernelFault("a warp operation's mask leaves out a lane that takes part: thread " +
                      std::to_string(current_) + " at " + call.site.name());
  if (warp.arrived == 0)
    warp.call = call;
  else if (!call.same_as(warp.call))
    throw KernelFault("lanes of one warp meet in different operations: thread " +
                      std::to_string(current_) + " at " + call.site.name() + ", others at " +
                      warp.call.site.name());
  now.state = Thread::State::kInWarp;
  now.value = value;
  now.argument = call.argument;
  warp.arrived |= 1U << lane;
  if (warp.arrived == call.mask) complete(first, warp);
  wait();  // the last lane to come waits, too, so that no lane has an advantage
  return now.value;
}

// Gives every lane its result. It is called when all lanes of the mask have come.
void Block::complete(unsigned first, Warp& warp) {
  const WarpCall& call = warp.call;
  warp.arrived = 0;
  std::uint64_t given[kWarp] = {}, all = 0;
  bool any = false;
  for (unsigned l = 0; l < kWarp; ++l) {
    if ((call.mask >> l & 1) == 0) continue;
    given[l] = threads_[first + l].value;
    all = any ? combined(call.operation, call.argument != 0, all, given[l]) : given[l];
    any = true;
  }
  if (call.operation == WarpOperation::kBallot) {
    all = 0;
    for (unsigned l = 0; l < kWarp; ++l) all |= given[l] << l;
  }
  if (call.operation == WarpOperation::kMultiplyBytes) multiply_bytes_of(given);
  if (call.operation == WarpOperation::kLoadMatrices) load_matrices_of(given);
  const bool shuffles =
      call.operation == WarpOperation::kShuffle || call.operation == WarpOperation::kShuffleDown ||
      call.operation == WarpOperation::kShuffleUp || call.operation == WarpOperation::kShuffleXor;
  for (unsigned l = 0; l < kWarp; ++l) {
    if ((call.mask >> l & 1) == 0) continue;
    Thread& thread = threads_[first + l];
    if (shuffles) {
      const unsigned from = source_lane(call.operation, thread.argument, l);
      // A lane whose source lies outside the warp keeps its own value. A source that does not take
      // part gives all ones.
      thread.value = from >= kWarp                  ? given[l]
                     : (call.mask >> from & 1) != 0 ? given[from]
                                                    : ~std::uint64_t{0};
    } else {
      thread.value = all;
    }
    thread.state = Thread::State::kReady;
    make_ready(first + l);
  }
}

std::string Block::what_is_missing() const {
  for (unsigned t = 0; t < grid_->threads; ++t)
    if (threads_[t].state == Thread::State::kInWarp)
      return "a warp operation waits for lanes of its mask that do not come: thread " +
             std::to_string(t) + " at " + warps_[t / kWarp].call.site.name();
  unsigned t = 0;
  while (threads_[t].state != Thread::State::kAtBarrier) ++t;
  return "a barrier is met by a part of the block: " + std::to_string(at_barrier_) + " of " +
         std::to_string(grid_->threads) + " threads wait, one at " + threads_[t].barrier.name() +
         ", and " + std::to_string(ended_) + " have ended";
}

}  // namespace

void barrier(const char* file, int line) { block().barrier(file, line); }

std::uint64_t warp_operation(WarpOperation operation, unsigned mask, std::uint64_t value,
                             int argument, const char* file, int line) {
  return block().warp_operation({operation, mask, argument, {file, line}}, value);
}

void* shared_array(const void* declaration, std::size_t bytes, std::size_t alignment) {
  return block().shared().array(declaration, bytes, alignment);
}

void* dynamic_shared() { return block().shared().dynamic(); }

void run_grid(const GridLaunch& grid, Order& order) {
  gridDim = grid.blocks;
  blockDim = dim3(grid.threads);
  std::vector<std::uint64_t> blocks(std::size_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = i;
  order.shuffle(blocks);
  for (std::uint64_t at : blocks) {
    blockIdx = {static_cast<unsigned>(at % grid.blocks.x),
                static_cast<unsigned>(at / grid.blocks.x % grid.blocks.y),
                static_cast<unsigned>(at / grid.blocks.x / grid.blocks.y)};
    block().run(grid, order);
  }
}

}  // namespace edgeval::standin
