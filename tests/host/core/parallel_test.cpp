// Threads are counted by the processors that a process may run on.
#include "host/core/parallel.hpp"

#include <gtest/gtest.h>
#include <sched.h>

namespace edgeval::test {
namespace {

TEST(HardwareThreads, AreThoseOfTheProcessorsToWhichTheProcessIsBound) {
  cpu_set_t before;
  CPU_ZERO(&before);
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(hardware_threads(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(hardware_threads(), 1);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace edgeval::test
