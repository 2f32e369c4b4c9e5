// The folder of a run's files is replaced as a whole. Tests show what it holds before and after,
// who may write it, what killed runs leave, and that nothing is written through a planted link.
#include "host/core/files/output_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/unfinished.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

// Is called, once, with the descriptor of the next lock before it is taken.
std::function<void(int)> before_next_flock;

}  // namespace
}  // namespace edgeval::test

// The program is linked to this in place of the system's function.
extern "C" int flock(int descriptor, int operation) noexcept {
  if (const auto call = std::exchange(edgeval::test::before_next_flock, nullptr)) call(descriptor);
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNames{"a.txt", "b.txt"};

class OutputFolderTest : public ::testing::Test {
 protected:
  fs::path out() const { return place_.path() / "out"; }

  // Returns for instance "a.txt=1 b.txt=2" for a folder with two files.
  static std::string contents(const fs::path& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder))
      files.push_back(entry.path().filename().string() + "=" +
                      (entry.is_directory() ? "folder" : read_file(entry.path())));
    std::ranges::sort(files);
    std::string text;
    for (const std::string& file : files) text += (text.empty() ? "" : " ") + file;
    return text;
  }

  void publish(const std::string& a, const std::string& b) const {
    OutputFolder(out(), kNames).publish({{"a.txt", a}, {"b.txt", b}});
  }

  TemporaryFolder place_;
};

TEST_F(OutputFolderTest, IsMadeWithItsParents) {
  OutputFolder(place_.path() / "deep/er/out/", kNames).publish({{"a.txt", "1"}});
  EXPECT_EQ(contents(place_.path() / "deep/er"), "out=folder");
  EXPECT_EQ(contents(place_.path() / "deep/er/out"), "a.txt=1");
}

TEST_F(OutputFolderTest, ReplacesAnEarlierOneAndLeavesNothing) {
  publish("1", "2");
  OutputFolder(out(), kNames).publish({{"a.txt", "3"}});
  EXPECT_EQ(contents(out()), "a.txt=3");
  EXPECT_EQ(contents(place_.path()), "out=folder");
}

TEST_F(OutputFolderTest, AnEmptyFolderAndItsModeAreKept) {
  fs::create_directory(out());
  fs::permissions(out(), fs::perms::owner_all | fs::perms::group_all);
  publish("1", "2");
  publish("3", "4");
  EXPECT_EQ(contents(out()), "a.txt=3 b.txt=4");
  EXPECT_EQ(fs::status(out()).permissions(), fs::perms::owner_all | fs::perms::group_all);
}

TEST_F(OutputFolderTest, ALinkStaysAndItsTargetIsReplaced) {
  publish("1", "2");
  fs::create_directory_symlink("out", place_.path() / "link");
  OutputFolder(place_.path() / "link", kNames).publish({{"a.txt", "3"}});
  EXPECT_TRUE(fs::is_symlink(place_.path() / "link"));
  EXPECT_EQ(contents(out()), "a.txt=3");
}

TEST_F(OutputFolderTest, WhoeverComesSecondIsRefusedUntilTheFirstHasEnded) {
  {
    const OutputFolder first(out(), kNames);
    try {
      const OutputFolder second(out(), kNames);
      ADD_FAILURE() << "two runs write one folder";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("another run (process "), std::string::npos);
    }
    const OutputFolder elsewhere(place_.path() / "other", kNames);
  }
  publish("1", "2");
  EXPECT_EQ(contents(place_.path()), "out=folder");
}

TEST_F(OutputFolderTest, WhatComesIntoTheOldFolderMeanwhileIsKept) {
  publish("1", "2");
  OutputFolder folder(out(), kNames);
  write_file(out() / "notes", "mine");
  folder.publish({{"a.txt", "3"}});
  EXPECT_EQ(contents(out()), "a.txt=3 notes=mine");
}

TEST_F(OutputFolderTest, WhatKilledRunsLeftIsRemoved) {
  publish("1", "2");
  for (const char* dead : {".out.edgeval-abcdefghijkl", ".out.edgeval-zyxwvutsrqpo"})
    write_file(place_.path() / dead / "a.txt", "half");
  write_file(place_.path() / ".out.edgeval-lock", "process 1");
  // These do not belong to the run: their folder, the length of their names or a file is foreign.
  write_file(place_.path() / ".other.edgeval-abcdefghijkl/a.txt", "kept");
  write_file(place_.path() / ".out.edgeval-abc/a.txt", "kept");
  write_file(place_.path() / ".out.edgeval-mmmmmmmmmmmm/notes", "kept");
  { const OutputFolder folder(out(), kNames); }
  EXPECT_EQ(contents(place_.path()),
            ".other.edgeval-abcdefghijkl=folder .out.edgeval-abc=folder "
            ".out.edgeval-mmmmmmmmmmmm=folder out=folder");
  EXPECT_EQ(contents(out()), "a.txt=1 b.txt=2");
}

// The run was killed between two renames, on a file system that cannot exchange folders.
TEST_F(OutputFolderTest, AFolderThatWasRenamedOnlyComesBack) {
  publish("1", "2");
  fs::rename(out(), place_.path() / ".out.edgeval-old");
  write_file(place_.path() / ".out.edgeval-abcdefghijkl/a.txt", "3");
  { const OutputFolder folder(out(), kNames); }
  EXPECT_EQ(contents(out()), "a.txt=1 b.txt=2");
  EXPECT_EQ(contents(place_.path()), "out=folder");
}

// The run was killed after both renames: what others had put into the old folder is kept, or makes
// the next run stop.
TEST_F(OutputFolderTest, WhatOthersPutIntoAFolderThatWasRenamedIsKept) {
  publish("1", "2");
  const fs::path old = place_.path() / ".out.edgeval-old";
  write_file(old / "a.txt", "0");
  write_file(old / "notes", "mine");
  { const OutputFolder folder(out(), kNames); }
  EXPECT_EQ(contents(out()), "a.txt=1 b.txt=2 notes=mine");
  EXPECT_FALSE(fs::exists(old));
  write_file(old / "notes", "mine too");
  EXPECT_THROW(OutputFolder(out(), kNames), Error);
  EXPECT_EQ(contents(old), "notes=mine too");
  EXPECT_EQ(contents(out()), "a.txt=1 b.txt=2 notes=mine");
}

TEST_F(OutputFolderTest, PlantedLinksAreNotFollowed) {
  const fs::path victim = place_.file("victim", "mine");
  fs::create_symlink(victim, place_.path() / ".out.edgeval-lock");
  EXPECT_THROW(OutputFolder(out(), kNames), Error);
  EXPECT_EQ(read_file(victim), "mine");
  EXPECT_THROW(write_new_file(place_.path() / ".out.edgeval-lock", "x", "out/x"), Error);
  EXPECT_EQ(read_file(victim), "mine");
}

// An archive may hold such links; the files to which they lead have the names of a run's files.
TEST_F(OutputFolderTest, PlantedLinksDoNotLeadToFilesThatAreRemoved) {
  const fs::path victim = place_.path() / "victim";
  OutputFolder(victim, kNames).publish({{"a.txt", "mine"}});
  fs::create_directory_symlink(victim, place_.path() / ".out.edgeval-abcdefghijkl");
  publish("1", "2");
  EXPECT_EQ(contents(victim), "a.txt=mine");
  const fs::path old = place_.path() / ".out.edgeval-old";
  for (const bool is_there : {true, false}) {
    if (!is_there) fs::remove_all(out());
    fs::create_directory_symlink(victim, old);
    EXPECT_THROW(OutputFolder(out(), kNames), Error);
    EXPECT_EQ(contents(victim), "a.txt=mine");
    fs::remove(old);
  }
}

// A run could not replace such a link once its work is done.
TEST_F(OutputFolderTest, ALinkThatLeadsNowhereIsRefusedAtOnce) {
  fs::create_symlink("nowhere", place_.path() / "link");
  EXPECT_THROW(OutputFolder(place_.path() / "link", kNames), Error);
  EXPECT_THROW(write_file(place_.path() / "link", "x"), Error);
  EXPECT_EQ(fs::read_symlink(place_.path() / "link"), "nowhere");
  EXPECT_FALSE(fs::exists(place_.path() / "nowhere"));
}

TEST_F(OutputFolderTest, PlacesThatCannotBeReplacedAreRefused) {
  const fs::path before = fs::current_path();
  fs::create_directory(out());
  fs::current_path(out());
  for (const fs::path& current : {fs::path("."), out(), out() / "."})
    EXPECT_THROW(OutputFolder(current, kNames), Error) << current;
  fs::current_path(before);
  EXPECT_THROW(OutputFolder("/proc", kNames), Error);  // a mount point
  EXPECT_THROW(OutputFolder(place_.file("file", ""), kNames), Error);
  EXPECT_THROW(OutputFolder(place_.path() / "file/out", kNames), Error);
  EXPECT_EQ(contents(place_.path()), "file= out=folder");
}

// A signal that ends the process leaves no files behind; signals that it inherited as ignored stay
// ignored.
TEST_F(OutputFolderTest, CtrlCLeavesNothing) {
  publish("1", "2");
  const auto end_by = [&](int number) {
    remove_unfinished_at_signals();
    const OutputFolder folder(out(), kNames);
    if (contents(place_.path()) !=
        ".out.edgeval-lock=process " + std::to_string(::getpid()) + " out=folder")
      std::_Exit(3);
    std::raise(number);
  };
  for (const int number : {SIGTERM, SIGHUP})
    EXPECT_EXIT(end_by(number), ::testing::KilledBySignal(number), "");
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        end_by(SIGHUP);
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0), "");
  fs::remove(place_.path() / ".out.edgeval-lock");  // left by the last process, which just exited
  EXPECT_EQ(contents(place_.path()), "out=folder");
}

TEST_F(OutputFolderTest, WritesIntoNoLockThatIsAnothersFile) {
  const fs::path lock = place_.path() / ".out.edgeval-lock", mine = place_.file("mine", "mine");
  fs::create_hard_link(mine, lock);
  EXPECT_THROW(OutputFolder(out(), kNames), Error);
  EXPECT_EQ(read_file(mine), "mine");
  fs::remove(lock);
  ASSERT_EQ(::mkfifo(lock.c_str(), 0600), 0);
  EXPECT_THROW(OutputFolder(out(), kNames), Error);
  EXPECT_TRUE(fs::exists(lock));
}

// In a sticky folder only the owner may rename a file.
TEST_F(OutputFolderTest, RefusesAtOnceWhatItCouldNotRename) {
  if (::geteuid() != 0) GTEST_SKIP() << "wants a second user";
  publish("1", "2");
  fs::permissions(place_.path(), static_cast<fs::perms>(01777));
  fs::permissions(out(), fs::perms::all);
  ASSERT_EQ(::seteuid(65534), 0);
  EXPECT_THROW(OutputFolder(out(), kNames), Error);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(contents(place_.path()), "out=folder");
  EXPECT_EQ(contents(out()), "a.txt=1 b.txt=2");
}

TEST_F(OutputFolderTest, CtrlCWaitsForWhatIsJustPutInItsPlace) {
  const fs::path half = place_.path() / "half", whole = place_.path() / "whole";
  EXPECT_EXIT(
      {
        remove_unfinished_at_signals();
        const Unfinished unfinished(half);
        write_new_file(half, "x", half);
        {
          const RemovalHeld held;
          std::raise(SIGTERM);
          write_new_file(whole, "x", whole);
        }
        std::_Exit(3);
      },
      ::testing::KilledBySignal(SIGTERM), "");
  EXPECT_EQ(contents(place_.path()), "whole=x");
}

class NewFileTest : public OutputFolderTest {};

TEST_F(NewFileTest, NamesUpToTheFileSystemsLimit) {
  const std::string name(255, 'n');
  write_file(place_.path() / name, "1");
  OutputFolder(place_.path() / std::string(255, 'o'), kNames).publish({{"a.txt", "1"}});
  EXPECT_EQ(read_file(place_.path() / name), "1");
  // Names that begin alike have locks of their own.
  const OutputFolder one(place_.path() / (std::string(220, 'o') + "1"), kNames),
      two(place_.path() / (std::string(220, 'o') + "2"), kNames);
  EXPECT_THROW(write_file(place_.path() / std::string(256, 'n'), "1"), Error);
}

TEST_F(NewFileTest, KeepsTheModeOfTheFileThatItReplaces) {
  const fs::path file = place_.file("file", "old");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  write_file(file, "new");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(NewFileTest, ReplacesWhatALinkLeadsTo) {
  const fs::path file = place_.file("file", "old");
  fs::create_symlink("file", place_.path() / "link");
  write_file(place_.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(place_.path() / "link"));
  EXPECT_EQ(read_file(file), "new");
}

// A file that is still being written is locked; a file of a killed run is not.
TEST_F(NewFileTest, RemovesWhatKilledRunsLeftAndNoOther) {
  const fs::path dead = place_.file(".f.edgeval-aaaaaaaaaaaa", "half"),
                 alive = place_.file(".f.edgeval-bbbbbbbbbbbb", "half");
  const int descriptor = ::open(alive.c_str(), O_RDONLY);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  fs::create_symlink("victim", place_.path() / ".f.edgeval-cccccccccccc");
  write_file(place_.path() / "f", "whole");
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_TRUE(fs::is_symlink(place_.path() / ".f.edgeval-cccccccccccc"));
  ::close(descriptor);
}

// The other run looks for what killed runs have left just when the new file has been made and is
// not locked yet.
TEST_F(NewFileTest, TakesAnotherNameWhileAnotherRunRemovesTheFirst) {
  const fs::path file = place_.path() / "f";
  fs::path first;
  int of_other = -1;
  before_next_flock = [&](int descriptor) {
    const fs::path link = "/proc/self/fd/" + std::to_string(descriptor);
    first = fs::read_symlink(link);
    of_other = ::open(link.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::flock(of_other, LOCK_EX | LOCK_NB), 0);
  };
  write_file(file, "whole");
  ASSERT_GE(of_other, 0);
  struct stat others {
  }, ours{};
  EXPECT_EQ(::fstat(of_other, &others), 0);
  EXPECT_EQ(::stat(file.c_str(), &ours), 0);
  EXPECT_NE(ours.st_ino, others.st_ino);
  ::unlink(first.c_str());
  ::close(of_other);
  EXPECT_EQ(contents(place_.path()), "f=whole");
}

TEST_F(NewFileTest, ExpectWritableLeavesNothing) {
  expect_writable(place_.path() / "f");
  EXPECT_EQ(contents(place_.path()), "");
}

}  // namespace
}  // namespace edgeval::test
