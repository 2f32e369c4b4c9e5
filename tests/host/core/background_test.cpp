// Tasks beside the caller's work: their order, their limit, and what they throw.
#include "host/core/background.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace edgeval::test {
namespace {

TEST(Background, RunsTasksInTheirOrderOnAThreadOfItsOwn) {
  std::vector<int> seen;
  std::thread::id where;
  Background background(3);
  for (int i = 0; i < 100; ++i)
    background.add([&, i] {
      seen.push_back(i);
      where = std::this_thread::get_id();
    });
  background.wait();
  std::vector<int> expected(100);
  for (int i = 0; i < 100; ++i) expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(seen, expected);
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(Background, WorksWhileTheCallerDoes) {
  std::promise<void> from_caller;
  Background background(1);
  background.add([&] { from_caller.get_future().wait(); });  // waits for what comes below
  from_caller.set_value();
  background.wait();
}

TEST(Background, HoldsSoManyTasksAtMost) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future();
  std::atomic<int> added = 0, ran = 0;
  Background background(2);
  std::thread caller([&] {
    for (int i = 0; i < 10; ++i) {
      background.add([&] {
        gone.wait();
        ++ran;
      });
      ++added;
    }
  });
  while (added < 3) std::this_thread::yield();  // one runs and two wait
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(added, 3);
  go.set_value();
  caller.join();
  background.wait();
  EXPECT_EQ(ran, 10);
}

TEST(Background, HandsOnWhatATaskThrowsAndDropsThoseBehind) {
  std::promise<void> go;
  int ran = 0;
  Background background(10);
  background.add([&] {
    go.get_future().wait();
    throw std::runtime_error("full");
  });
  background.add([&] { ++ran; });
  go.set_value();
  EXPECT_THROW(background.wait(), std::runtime_error);
  EXPECT_EQ(ran, 0);
  background.add([&] { ++ran; });  // goes on behind it
  background.wait();
  EXPECT_EQ(ran, 1);
}

TEST(Background, TellsWhoBringsATaskOfAnEarlierFailure) {
  Background background(1);
  background.add([] { throw std::runtime_error("full"); });
  EXPECT_THROW(
      {
        for (int i = 0; i < 1'000'000; ++i) background.add([] {});
      },
      std::runtime_error);
}

TEST(Background, ForgetsTasksAndFailuresWhenItIsCleared) {
  std::promise<void> go;
  std::atomic<bool> begun = false;
  int ran = 0;
  Background background(10);
  background.add([&] {
    begun = true;
    go.get_future().wait();
    throw std::runtime_error("full");
  });
  background.add([&] { ++ran; });
  while (!begun) std::this_thread::yield();
  go.set_value();
  background.clear();
  background.wait();
  EXPECT_EQ(ran, 0);
}

TEST(Background, EndsWithoutTheTasksThatWait) {
  std::promise<void> go;
  std::atomic<bool> begun = false;
  std::atomic<int> ran = 0;
  std::thread helper;
  {
    Background background(10);
    background.add([&] {
      begun = true;
      go.get_future().wait();
    });
    background.add([&] { ++ran; });
    while (!begun) std::this_thread::yield();
    helper = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      go.set_value();
    });
  }  // drops the second task while the first one still waits
  helper.join();
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace edgeval::test
