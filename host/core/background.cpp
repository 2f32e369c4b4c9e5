#include "host/core/background.hpp"

#include <utility>

namespace edgeval {

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    tasks_.clear();
  }
  for_worker_.notify_one();
  thread_.join();
}

void Background::throw_failure() {
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Background::add(std::function<void()> task) {
  {
    std::unique_lock lock(mutex_);
    for_owner_.wait(lock, [&] { return tasks_.size() < most_ || failure_ != nullptr; });
    throw_failure();
    tasks_.push_back(std::move(task));
  }
  for_worker_.notify_one();
}

void Background::wait() {
  std::unique_lock lock(mutex_);
  for_owner_.wait(lock, [&] { return tasks_.empty() && !busy_; });
  throw_failure();
}

void Background::clear() {
  std::unique_lock lock(mutex_);
  tasks_.clear();
  for_owner_.wait(lock, [&] { return !busy_; });
  failure_ = nullptr;
}

void Background::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    for_worker_.wait(lock, [&] { return ends_ || !tasks_.empty(); });
    if (ends_) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    for_owner_.notify_one();  // there is room for another
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
    }
    task = nullptr;
    lock.lock();
    busy_ = false;
    if (failure != nullptr) {
      failure_ = std::move(failure);
      tasks_.clear();
    }
    for_owner_.notify_one();
  }
}

}  // namespace edgeval
