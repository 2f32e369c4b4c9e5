// Processes that mpirun starts sweep together: the files are those of one process, and when one
// dies the others end and --resume goes on.
#include <cstdlib>

#include "eval/command/sweep/ranks.hpp"
#include "host/core/files/path.hpp"
#include "tests/eval/command/swept_folder.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

class SweepRanks : public testing::Test {
 protected:
  void SetUp() override {
    if (!EDGEVAL_HAS_MPI) GTEST_SKIP() << "the build has no MPI (libopenmpi-dev)";
    if (run_shell("command -v mpirun").code != 0)
      GTEST_SKIP() << "there is no mpirun (openmpi-bin)";
    const CommandResult trial = run_shell(mpirun(2) + "true");
    if (trial.code != 0) GTEST_SKIP() << "mpirun starts no program here: " << trial.err;
  }

  // Returns the command of a sweep into a folder of the test's own.
  std::string sweep(const std::string& out, const std::string& more = "", int limit = 12,
                    int block = 4) const {
    return concat("edgeval sweep --quiet --model ", quoted(spoken_model()), " --data ",
                  quoted(spoken_data()), " --policy ", quoted(spoken_data() + "/skip.yaml"),
                  " --vary plan.threshold=0.3:0.9 --points 3 --hardware reuse32 ",
                  "--threads 1 --limit ", limit, " --block ", block, " --out ", path(out), " ",
                  more);
  }
  std::string path(const std::string& out) const { return quoted((folder_.path() / out).string()); }
  // Open MPI refuses root, and more processes than there are cores, unless told otherwise. It keeps
  // memory at its end, which AddressSanitizer takes for leaks.
  static std::string mpirun(int processes) {
    return concat(
        "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
        "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0; ",
        "mpirun --oversubscribe -n ", processes, " ");
  }
  std::string table(const std::string& out) const {
    return read_file(folder_.path() / out / "points.csv");
  }
  void expect_as_one_process(const std::string& out) {
    if (!is_there(folder_.path() / "one")) {
      ASSERT_EQ(run_shell(sweep("one")).code, 0);
    }
    EXPECT_EQ(table(out), table("one"));
    EXPECT_EQ(read_file(folder_.path() / out / "fronts.csv"),
              read_file(folder_.path() / "one" / "fronts.csv"));
  }

  const TemporaryFolder folder_;
};

TEST_F(SweepRanks, GiveTheFilesOfOneProcess) {
  for (const int processes : {1, 2, 4}) {
    const std::string out = concat("of", processes);
    const CommandResult result = run_shell(mpirun(processes) + sweep(out));
    ASSERT_EQ(result.code, 0) << result.err;
    expect_as_one_process(out);
  }
  std::set<std::string> results;  // of the four processes: each point and block once
  std::size_t lines = 0;
  for (int rank = 1; rank <= 4; ++rank) {
    std::istringstream journal(
        read_file(folder_.path() / "of4" / "journal" / concat(rank, ".jsonl")));
    std::string line;
    std::getline(journal, line);
    EXPECT_NE(line.find("\"head\""), std::string::npos);
    for (; std::getline(journal, line); ++lines) {
      const std::size_t begin = line.find("\"point\"");
      results.insert(line.substr(begin, line.find("\"statistics\"") - begin));
    }
  }
  EXPECT_EQ(lines, 12U);  // 3 points and the dense network on 3 blocks
  EXPECT_EQ(results.size(), lines);
}

TEST_F(SweepRanks, EndTogetherWhenOneFailsAndGoOnLater) {
  // The second process may write no file beyond a block of the disk.
  const CommandResult failed = run_shell(
      mpirun(2) + "sh -c " +
      quoted("if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then ulimit -f 1; fi; exec " + sweep("part")));
  EXPECT_EQ(failed.code, 2) << failed.err;
  EXPECT_NE(failed.err.find("edgeval: process 1 of 2: "), std::string::npos) << failed.err;
  EXPECT_FALSE(is_there(folder_.path() / "part" / "points.csv"));
  const CommandResult later = run_shell(mpirun(3) + sweep("part", "--resume"));
  ASSERT_EQ(later.code, 0) << later.err;
  expect_as_one_process("part");
}

TEST_F(SweepRanks, EndTogetherWhenOneIsKilledAndGoOnLater) {
  const CommandResult killed = run_shell(
      mpirun(2) + "sh -c " +
      quoted("if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then (until [ $(cat " +
             path("part/journal/2.jsonl") +
             " 2>/dev/null | wc -l) -gt 3 ]; do sleep 0.01; done; kill -9 $$) & fi; exec " +
             sweep("part", "", 20, 1)));
  EXPECT_EQ(killed.code, 128 + 9) << killed.err;
  EXPECT_NE(killed.err.find("exited on signal 9 (Killed)"), std::string::npos) << killed.err;
  const CommandResult later = run_shell(sweep("part", "--resume", 20, 1));
  ASSERT_EQ(later.code, 0) << later.err;
  ASSERT_EQ(run_shell(sweep("whole", "", 20, 1)).code, 0);
  EXPECT_EQ(table("part"), table("whole"));
}

TEST_F(SweepRanks, RefuseFoldersThatTheyDoNotShareBeforeTheWork) {
  for (const char* folder : {"a", "b"}) std::filesystem::create_directory(folder_.path() / folder);
  const std::string words = sweep("").substr(0, sweep("").find(" --out ")) + " --out mine";
  const CommandResult refused = run_shell(mpirun(1) + "--wdir " + path("a") + " " + words +
                                          " : -n 1 --wdir " + path("b") + " " + words);
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_NE(refused.err.find("edgeval: process 0 of 2: mine/journal: the journal of process 1 is "
                             "not there; --out must be a folder that all machines share; or take "
                             "--shard and edgeval merge\n"),
            std::string::npos)
      << refused.err;
  EXPECT_FALSE(is_there(folder_.path() / "a/mine/points.csv"));
}

TEST_F(SweepRanks, RefuseASweepOnceAndInOneLine) {
  ASSERT_EQ(run_shell(sweep("part")).code, 0);
  const CommandResult refused = run_shell(mpirun(2) + sweep("part"));
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_NE(refused.err.find("holds a sweep; --resume goes on with it"), std::string::npos);
}

// Sets variables of the environment, and removes all that tell of MPI when it ends.
class MpiVariables {
 public:
  explicit MpiVariables(const std::vector<std::pair<const char*, const char*>>& values) {
    remove();
    for (const auto& [name, value] : values) ::setenv(name, value, /*overwrite=*/1);
  }
  MpiVariables(const MpiVariables&) = delete;
  ~MpiVariables() { remove(); }

 private:
  static void remove() {
    for (const char* name :
         {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"})
      ::unsetenv(name);
  }
};

TEST(ProcessesOfMpi, AreAsManyAsItsVariablesSay) {
  const auto processes = [](const std::vector<std::pair<const char*, const char*>>& values) {
    const MpiVariables set(values);
    return processes_of_mpi();
  };
  EXPECT_EQ(processes({}), 1);
  EXPECT_EQ(processes({{"SLURM_STEP_NUM_TASKS", "4"}}), 1);  // srun alone starts no MPI
  EXPECT_EQ(processes({{"OMPI_COMM_WORLD_SIZE", "3"}}), 3);
  EXPECT_EQ(processes({{"PMI_SIZE", "2"}}), 2);
  EXPECT_EQ(processes({{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}}), 4);
  EXPECT_EQ(processes({{"PMIX_RANK", "0"}}), 1);  // the size is not known
  EXPECT_EQ(processes({{"PMIX_RANK", "2"}}), 3);  // at least
}

// A build without MPI works alone, and does a share alone, whatever has started it.
TEST(SweepWithoutMpi, RefusesOnlySeveralProcessesWithoutShares) {
  if (EDGEVAL_HAS_MPI) GTEST_SKIP() << "the build has MPI";
  const SmallSweep small;
  const auto run = [&](const std::string& size, const Arguments& more) {
    return run_shell("export PMI_SIZE=" + size + "; " + small.line(more), small.path());
  };
  EXPECT_TRUE(is_refusal(run("2", {}),
                         "mpirun started 2 processes of this edgeval, which was "
                         "built without MPI"));
  EXPECT_EQ(run("1", {}).code, 0);
  EXPECT_EQ(run("2", {"--shard", "1/2", "--out", "part"}).code, 0);
}

}  // namespace
}  // namespace edgeval::test
