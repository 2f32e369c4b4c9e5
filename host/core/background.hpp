// A thread that runs tasks one after the other beside the caller's work, and hands on to the caller
// what they throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace edgeval {

// Runs tasks one after the other, in the order in which they come, on a thread of its own. When a
// task throws, those behind it are dropped.
class Background {
 public:
  // At most `most` tasks wait; who brings one more waits for room.
  explicit Background(std::size_t most) : most_(most), thread_([this] { work(); }) {}
  Background(const Background&) = delete;
  // Drops the tasks that have not begun.
  ~Background();

  // Hands a task over. Throws what an earlier task threw, and drops the new one then.
  void add(std::function<void()> task);
  // Returns when all tasks have run. Throws what one of them threw.
  void wait();
  // Drops the tasks that have not begun, waits for the one that runs, and forgets what it threw.
  void clear();

 private:
  void work();
  void throw_failure();  // with the mutex held

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable for_worker_, for_owner_;
  std::deque<std::function<void()>> tasks_;
  bool busy_ = false, ends_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // the last member, since it uses all others
};

}  // namespace edgeval
