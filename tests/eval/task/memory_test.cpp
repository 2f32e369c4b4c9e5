// Reads the available memory from files as Linux writes them.
#include "eval/task/memory.hpp"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

constexpr double kMebibyte = 1 << 20;

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() {
    put("proc/meminfo", "MemTotal:   8192 kB\nMemFree:  1024 kB\nMemAvailable:    4096 kB\n");
    put("proc/self/cgroup", "0::/job/step\n");
  }
  void put(const std::string& name, const std::string& text) const { folder_.file(name, text); }
  double available() const { return available_memory(folder_.path()) / kMebibyte; }

  TemporaryFolder folder_;
};

TEST_F(MemoryTest, WithoutAGroupIsWhatIsAvailable) { EXPECT_EQ(available(), 4); }

TEST_F(MemoryTest, OfAGroupWithoutALimitIsTheMachines) {
  put("sys/fs/cgroup/job/step/memory.max", "max\n");
  put("sys/fs/cgroup/job/step/memory.current", "1048576\n");
  EXPECT_EQ(available(), 4);
}

TEST_F(MemoryTest, IsTheLeastThatAnyGroupAroundLeaves) {
  put("sys/fs/cgroup/job/step/memory.max", "3145728\n");
  put("sys/fs/cgroup/job/step/memory.current", "0\n");
  EXPECT_EQ(available(), 3);
  put("sys/fs/cgroup/job/memory.max", "3145728\n");
  put("sys/fs/cgroup/job/memory.current", "1048576\n");
  EXPECT_EQ(available(), 2);
  put("sys/fs/cgroup/memory.max", "1048576\n");
  put("sys/fs/cgroup/memory.current", "2097152\n");
  EXPECT_EQ(available(), 0);
}

TEST_F(MemoryTest, OfThisMachineIsSomething) { EXPECT_GT(available_memory(), 0); }

}  // namespace
}  // namespace edgeval::test
